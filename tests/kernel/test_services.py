from __future__ import annotations

import pytest

from twtop.kernel.services import service_port


@pytest.mark.skipif(service_port("https") is None, reason="this host has no names of services")
def test_a_service_has_a_port() -> None:
    assert service_port("https") == 443


@pytest.mark.parametrize("name", ["no-such-service", "", "nul\0", "\ud800", "x" * 100_000])
def test_what_is_no_service_has_none(name: str) -> None:
    assert service_port(name) is None

"""Both hosts of the lab as twtop shows them; ``lab`` skips, with the reason, where it is impossible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scenarios.seeds import Onlooker
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab


@pytest.fixture
def at_client(lab: Lab) -> Iterator[Onlooker]:
    """What twtop shows on the client."""
    yield from _onlooker(lab.client)


@pytest.fixture
def at_server(lab: Lab) -> Iterator[Onlooker]:
    """What twtop shows on the server."""
    yield from _onlooker(lab.server)


def _onlooker(host: Host) -> Iterator[Onlooker]:
    # Its module needs ss: where there is none, only the tests that look are skipped.
    from tests.scenarios.seeds import Onlooker

    with Onlooker(host) as onlooker:
        yield onlooker

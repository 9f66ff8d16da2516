"""Certificates made for the tests."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and what it has signed: a server and a client."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    def make(name: str, alternative: str, usage: str, *signed: str) -> None:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key")
        # Since Python 3.13 an authority must say that it may sign.
        added = ("-addext", f"subjectAltName={alternative}", "-addext", f"keyUsage=critical,{usage}")
        openssl("req", "-x509", *key, "-subj", f"/CN={name}", *added, *signed, "-out", f"{name}.pem")

    make("authority", "DNS:authority", "keyCertSign")
    signed = ("-CA", "authority.pem", "-CAkey", "authority.key")
    make("server", "DNS:localhost,IP:127.0.0.1", "digitalSignature", *signed)
    make("client", "DNS:prometheus.example", "digitalSignature", *signed)
    return folder

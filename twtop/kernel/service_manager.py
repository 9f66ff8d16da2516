"""Tells the service manager how it goes, where there is one (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Send a state such as ``READY=1`` to whom ``NOTIFY_SOCKET`` names; nobody minds where there is none."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        # A name that begins with @ is in no file system (unix(7)).
        address = f"\0{address[1:]}" if address.startswith("@") else address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(state.encode(), address)

"""Lines for the system log, over /dev/log.

Facility LOG_AUTHPRIV, as sudo logs: who closed whose connections is for those who may read about logins.
Priority LOG_NOTICE: normal, and worth knowing. The C library's syslog() does not tell when nobody listens.

Sources: RFC 3164 section 4.1 (format), syslog(3), include/uapi/linux/audit.h (the login uid).
"""

from __future__ import annotations

import os
import pwd
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from twtop.core.text import printable
from twtop.errors import system_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

DEV_LOG: Final = Path("/dev/log")

_LOG_AUTHPRIV: Final = 10 << 3
_LOG_NOTICE: Final = 5
_MOST_BYTES: Final = 900
"""Of a line: RFC 3164 lets a relay cut what is longer than 1024 bytes."""
_PATIENCE_S: Final = 0.5
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNSET: Final = 0xFFFF_FFFF
_LONGEST_NAME: Final = 64


class SystemLog:
    """A connection to the system log for as long as something is done; it never raises.

    After the first line that could not be written, ``lack`` says why, and nothing more is tried.
    """

    def __init__(self, path: Path = DEV_LOG) -> None:
        self.lack: str | None = None
        self._socket: socket.socket | None = None
        try:
            self._socket = _connected(path)
        except OSError as error:
            self.lack = f"nobody takes the log at {path}: {system_reason(error)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()

    def write(self, text: str) -> None:
        """Write one line; control characters in it become question marks."""
        if self._socket is None or self.lack is not None:
            return
        now = time.localtime()
        stamp = f"{_MONTHS[now.tm_mon - 1]} {now.tm_mday:2} {now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
        line = f"<{_LOG_AUTHPRIV | _LOG_NOTICE}>{stamp} twtop[{os.getpid()}]: {printable(text)}"
        try:
            self._socket.send(line.encode("utf-8", "replace")[:_MOST_BYTES])
        except OSError as error:
            self.lack = f"the system log took no more: {system_reason(error)}"


def _connected(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    # A log that stands still must not hold us up.
    made.settimeout(_PATIENCE_S)
    try:
        made.connect(str(path))
    except OSError:
        made.close()
        raise
    return made


def who_runs_this(environment: Mapping[str, str]) -> str:
    """Say who runs twtop: ``uid=0(root) loginuid=1000(ann) SUDO_USER=ann``.

    The environment is what the user says; the login uid is what the kernel kept since the login.
    """
    told = [f"uid={_named(os.getuid())}"]
    with suppress(OSError, ValueError):
        login = int(Path("/proc/self/loginuid").read_text())
        if login != _UNSET:
            told.append(f"loginuid={_named(login)}")
    sudo = environment.get("SUDO_USER")
    if sudo:
        told.append(f"SUDO_USER={printable(sudo[:_LONGEST_NAME])}")
    return " ".join(told)


def _named(uid: int) -> str:
    with suppress(KeyError):
        return f"{uid}({printable(pwd.getpwuid(uid).pw_name[:_LONGEST_NAME])})"
    return str(uid)

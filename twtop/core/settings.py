"""What configuration files want sysctls to be, which need not be what they are."""

from __future__ import annotations

from typing import NamedTuple


class Setting(NamedTuple):
    """The line for a sysctl that is applied last at boot; both texts are fit for a terminal."""

    value: str
    """Stripped, fields one space apart, as `twtop.core.sysctls.Sysctls` holds values."""
    file: str

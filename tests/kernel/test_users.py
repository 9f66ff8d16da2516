from __future__ import annotations

import pwd
from typing import TYPE_CHECKING

from twtop.kernel.users import local_users

if TYPE_CHECKING:
    from pathlib import Path


def test_root_is_known_here() -> None:
    assert local_users()[0] == pwd.getpwuid(0).pw_name


def test_of_a_damaged_file_what_can_be_read_is(tmp_path: Path) -> None:
    passwd = tmp_path / "passwd"
    passwd.write_bytes(
        b"www\x1b[31m:x:33:33::/:/bin/sh\nwww-again:x:33::\n:x:5:\nno fields\nminus:x:-1:\nhuge:x:"
        + b"9" * 99
        + b":\nbad\xff"
        + b"y" * 99
        + b":x:7:\n"
    )
    users = local_users(passwd)
    assert users.keys() == {33, 7}
    assert "\x1b" not in users[33]
    assert users[33].startswith("www")
    assert len(users[7]) == 32
    assert local_users(tmp_path) == local_users(tmp_path / "none") == {}

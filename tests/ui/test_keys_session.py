"""The connection that twtop is used over: marked in the table, and hidden by a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ui.keys import pressing
from tests.ui.screen import Screen, screen

if TYPE_CHECKING:
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

NOTE = "this session"
HIDDEN = "SSH session hidden (o)"


@pytest.fixture
def server_with_session(lab: Lab, server: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    """One of the served connections is the one that twtop is used over, as sshd would tell."""
    session = lab.pair()
    told = f"{session.client_end[0]} {session.client_end[1]} {session.server_end[0]} {session.server_end[1]}"
    monkeypatch.setenv("SSH_CONNECTION", told)
    return server


def rows_with(user: Screen, text: str) -> list[str]:
    return [row for row in user.rows if text in row]


async def test_its_row_and_the_groups_that_hold_it_are_marked(server_with_session: Host) -> None:
    async with screen(server_with_session, size=(120, 30)) as user:
        state, peer = rows_with(user, NOTE)
        assert "ESTAB" in state
        assert "<10.77.0.1" in peer
        await user.go_to(":" + peer.partition(" :")[2].split()[0])
        await user.press("right")
        await user.until(lambda: len(rows_with(user, NOTE)) == 3, "the socket's row marked")


@pressing("app", "o")
async def test_o_hides_it_and_shows_it_again(server_with_session: Host, key: str) -> None:
    async with screen(server_with_session) as user:
        with_it = user.counts["ESTAB"]
        await user.press(key)
        await user.until(lambda: user.counts["ESTAB"] == with_it - 1, "one less")
        assert rows_with(user, NOTE) == []
        await user.until(lambda: any(HIDDEN in line for line in user.header), HIDDEN)
        all_of_them = sum(user.counts.values())
        assert any(
            line.split()[:4] == ["shown", str(all_of_them), "of", str(all_of_them + 1)]
            for line in user.header
        )
        await user.press("slash", *"estab", "enter")
        await user.until(
            lambda: any("state estab" in line and HIDDEN in line for line in user.header), "both"
        )
        await user.press(key)
        await user.until(lambda: user.counts["ESTAB"] == with_it, "all again")
        assert not any(HIDDEN in line for line in user.header)


async def test_without_a_session_there_is_nothing_to_hide(server: Host) -> None:
    async with screen(server) as user:
        before = dict(user.counts)
        await user.press("o")
        told = "twtop is not used over an SSH connection among these sockets."
        await user.until(lambda: told in [each.message for each in user.app._notifications], told)
        await user.next_frame()
        assert user.counts == before

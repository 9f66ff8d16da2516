"""Keys that come in one write, as they do when they are pasted, or where a slow line stood still."""

from __future__ import annotations

from tests.pty.terminal import Terminal, python


def test_each_key_finds_what_the_one_before_it_opened_or_closed() -> None:
    with Terminal(python("twtop", "demo")) as terminal:
        terminal.wait_text("kept [1-9]")
        # Of these, q and g would be keys of the main screen.
        terminal.send("/pg q")
        terminal.wait_text(r"(?m)^pg q$")
        terminal.send("\x7f" * 4 + "syn-sent\rg")
        terminal.wait_text("Group by")
        terminal.send("\x1b")
        terminal.wait_text(r"(?m)^LIVE[^$]*^filter .*state syn-sent")
        terminal.send("tq -10m")
        terminal.wait_text(r"(?m)^q -10m$")
        terminal.send("\x7f" * 7 + "start\rx/estab\rt")
        terminal.wait_text(r"(?m)^PAST[^$]*^filter .*state established[^$]* stay$")
        # What comes after the last look is the present.
        terminal.send("end\r.")
        terminal.wait_text("^LIVE")
        assert "state established" in terminal.text
        terminal.send("b")
        terminal.wait_text("WHAT IF")
        terminal.send("r15000 64000\rrq\x1b")
        terminal.wait_text(r"(?m)^  range 15000-64000[^$]* back$")

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pty.sample_app import SampleApp
from tests.screenshots.pictures import svg_of, write_png

if TYPE_CHECKING:
    from pathlib import Path

_ADDRESS = re.compile(r"\w+://[^\"' ]*")


async def test_a_picture_shows_the_screen_and_refers_to_nothing_outside(tmp_path: Path) -> None:
    app = SampleApp(period=1000)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        drawn = svg_of(app)
    assert "size&#160;80x24" in drawn
    assert set(_ADDRESS.findall(drawn)) == {"http://www.w3.org/2000/svg"}

    svg = tmp_path / "sample.svg"
    svg.write_text(drawn)
    png = write_png(svg)
    if png is None:
        pytest.skip("no Chromium here to draw a PNG")
    assert png.read_bytes().startswith(b"\x89PNG")

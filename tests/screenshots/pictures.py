"""A running app as a picture that refers to nothing outside itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import App

_WEB_FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_COMMENTS: Final = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_IDENTIFIER: Final = re.compile(r"terminal-\d+")
_VIEW_BOX: Final = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_CELL_FONT: Final = "font-size: 20px"
_SEAMLESS_FONT: Final = "font-size: 20.3px"
"""At this size a glyph of DejaVu is as wide as a cell, so that blocks touch."""
_FONTS: Final = "'DejaVu Sans Mono', Menlo, Consolas, monospace"
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_OFFLINE: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--default-background-color=00000000",
)
_SECONDS: Final = 60


def svg_of(app: App[Any]) -> str:
    """Draw what the app shows, without the web fonts and with the same names in every picture."""
    drawn = _COMMENTS.sub("", _WEB_FONTS.sub("", app.export_screenshot()))
    drawn = _IDENTIFIER.sub("screen", drawn).replace("Fira Code, monospace", _FONTS)
    return drawn.replace(_CELL_FONT, _SEAMLESS_FONT)


def write_png(svg: Path) -> Path | None:
    """Draw an SVG file as a PNG beside it; return that, or None where there is no Chromium to do so."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        return None
    size = _VIEW_BOX.search(svg.read_text())
    if size is None:
        raise ValueError(f"{svg} has no viewBox")
    width, height = (round(float(number)) for number in size.groups())
    png = svg.with_suffix(".png")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser,
                *_OFFLINE,
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
                f"--screenshot={png}",
                svg.resolve().as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=_SECONDS,
        )
    return png

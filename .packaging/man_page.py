"""Puts the man page into the wheel, written by the command line itself: nothing of it is kept in a file."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPage(BuildHookInterface[Any]):
    """Writes the page while a wheel is built, with the modules in it and nothing that they depend on."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the page to where only this build looks, and have it installed where man looks."""
        sys.path.insert(0, self.root)
        from twtop import __released__, __version__
        from twtop.cli import parsers
        from twtop.packaging.definition import defined_by
        from twtop.packaging.man import manual

        self._folder = tempfile.TemporaryDirectory()
        page = Path(self._folder.name) / "twtop.1"
        page.write_text(manual(defined_by(parsers()), __version__, __released__), encoding="utf-8")
        build_data["shared_data"][str(page)] = "share/man/man1/twtop.1"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        self._folder.cleanup()

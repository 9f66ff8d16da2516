"""Imports point one way: read from the source, and seen in fresh interpreters."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import twtop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(twtop.__file__).parent
TESTS: Final = Path(__file__).parent
MODULES: Final = {
    ".".join(("twtop", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}

MAY_IMPORT: Final = {
    "core": {"core"},
    "knowledge": {"core", "knowledge"},
    "diagnosis": {"core", "knowledge", "diagnosis"},
    "kernel": {"core", "kernel"},
    "recording": {"core", "recording"},
    "sources": {"core", "kernel", "knowledge", "diagnosis", "config", "recording", "sources"},
    "export": {"core", "kernel", "knowledge", "diagnosis", "config", "recording", "sources", "export"},
    "config": {"core", "kernel", "config"},
    "exporter": {"core", "kernel", "knowledge", "diagnosis", "sources", "export", "exporter"},
    "lab": {"core", "kernel", "lab"},
    "ui": {"core", "kernel", "knowledge", "diagnosis", "recording", "sources", "export", "config", "ui"},
    "commands": {
        "core",
        "kernel",
        "knowledge",
        "diagnosis",
        "recording",
        "sources",
        "export",
        "config",
        "ui",
        "exporter",
        "lab",
        "packaging",
        "commands",
    },
    "packaging": {"core", "knowledge", "diagnosis", "export", "packaging"},
    "cli": {"core", "export", "packaging", "commands", "cli"},
}
"""What the modules of a room may import; all may import twtop.errors."""

ONLY_IN: Final = {
    "textual": {"ui"},
    "rich": {"ui"},
    "plotext": {"ui"},
    "pyroute2": {"lab", "kernel"},
    "psutil": {"ui", "sources", "kernel"},
    "socket": {"kernel", "lab", "export", "ui", "sources", "exporter"},
    "subprocess": {"lab", "ui"},
    "sqlite3": {"recording"},
    "ctypes": {"lab", "kernel", "ui"},
    "prometheus_client": {"exporter"},
    "yaml": {"exporter"},
    "bcrypt": {"exporter"},
}
"""Libraries that belong to some rooms."""

HEAVY: Final = {"textual", "rich", "pyroute2", "psutil", "plotext"}
AFTER_THE_FIRST_PAINT: Final = {"pyroute2", "plotext"}
"""What the screen needs, but not at once."""


def room(module: str) -> str:
    """Name the room of a module; a module at the top is a room of its own."""
    return module.split(".")[1] if "." in module else ""


@cache
def imported(path: Path) -> frozenset[str]:
    """Return every module that a file imports anywhere, for type checking too."""
    return frozenset(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} has a relative import"
            assert node.module is not None
            # What is imported from a package may be a module of it.
            yield from {f"{node.module}.{alias.name}" for alias in node.names}
            yield node.module


def rooms_imported(path: Path) -> set[str]:
    found = {room(name) for name in imported(path) if name.startswith("twtop.")}
    return found & (MAY_IMPORT.keys() | {"__main__"})


def test_imports_point_one_way() -> None:
    forbidden = {
        module: rooms_imported(path) - MAY_IMPORT[room(module)]
        for module, path in MODULES.items()
        if room(module) in MAY_IMPORT
    }
    assert {module: rooms for module, rooms in forbidden.items() if rooms} == {}


def test_every_room_has_its_rule() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert rooms == MAY_IMPORT.keys()


def test_libraries_stay_in_their_rooms() -> None:
    astray = [
        (module, library)
        for module, path in MODULES.items()
        for library in {name.split(".")[0] for name in imported(path)} & ONLY_IN.keys()
        if room(module) in MAY_IMPORT and room(module) not in ONLY_IN[library]
    ]
    assert astray == []


def test_the_core_neither_reads_nor_writes_nor_looks_at_the_clock() -> None:
    forbidden = {"os", "pathlib", "io", "time", "datetime", "socket", "subprocess", "asyncio", "shutil"}
    for module, path in MODULES.items():
        if room(module) == "core":
            tree = ast.parse(path.read_text())
            calls = {
                node.func.id
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            assert not {name.split(".")[0] for name in imported(path)} & forbidden, module
            assert not calls & {"open", "print", "input"}, module


def test_plotext_has_one_importer() -> None:
    importers = [module for module, path in MODULES.items() if "plotext" in imported(path)]
    assert len(importers) <= 1


def loaded_by(imports: dict[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return what an interpreter has loaded after each list of imports, each in a fork of its own."""
    script = f"""
        import json, os, sys
        # Its threads would not be there in a fork.
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        import numpy
        for name, modules in {imports!r}.items():
            if os.fork() == 0:
                for module in modules:
                    __import__(module)
                print(json.dumps([name, list(sys.modules)]), flush=True)
                os._exit(0)
            if os.wait()[1]:
                sys.exit(f"{{name}} cannot be imported")
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT.parent)
    assert ended.returncode == 0, ended.stderr
    return {name: set(loaded) for name, loaded in map(json.loads, ended.stdout.splitlines())}


def test_what_each_room_and_the_command_line_load() -> None:
    rooms = {name: [module for module in MODULES if room(module) == name] for name in MAY_IMPORT}
    start = "the command line"
    loaded = loaded_by({**rooms, start: ["twtop.cli", "twtop.__main__"]})
    assert loaded.keys() == {*rooms, start}
    assert loaded.pop(start).isdisjoint(HEAVY)
    for name, modules in loaded.items():
        found = {room(module) for module in modules if module.startswith("twtop.")}
        assert found - {"errors"} <= MAY_IMPORT[name], name
        assert modules.isdisjoint(AFTER_THE_FIRST_PAINT if name == "ui" else HEAVY), name


@pytest.mark.parametrize(("folder", "most"), [(ROOT, 400), (TESTS, 450)])
def test_no_module_is_long(folder: Path, most: int) -> None:
    lengths = {
        str(path.relative_to(folder)): len(path.read_text().splitlines()) for path in folder.rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > most} == {}

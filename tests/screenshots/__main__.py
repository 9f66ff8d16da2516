"""Makes the pictures in ``screenshots/`` from the demo world: ``python -m tests.screenshots [NAME ...]``.

Everything in them is what twtop shows of real sockets; only the host has another name.
"""

from __future__ import annotations

import asyncio
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Final, NamedTuple

from tests.screenshots.pictures import svg_of, write_png
from twtop.core.filter import parse
from twtop.core.options import ScreenOptions
from twtop.core.table.fields import DEFAULT_SORT
from twtop.core.table.keys import DEFAULT_KEYS
from twtop.kernel.services import read_services
from twtop.lab.namespaces import name_this_host, require_namespaces
from twtop.lab.world import start_world

FOLDER: Final = Path(__file__).parents[2] / "screenshots"
HOST_NAME: Final = "checkout-1"

_WORLD_RUNS_S: Final = 45
"""Until more than half of the ports towards the busiest peer are in use."""
_FRAMES_S: Final = 3.5
_ANSWER_S: Final = 1.5
_MARKS_APART_MS: Final = 6000
"""Until there is something to compare (`textual.pilot.Pilot.press`)."""


_PAST_MS: Final = 25_000
"""Until there is a past worth to be looked at."""


class Shot(NamedTuple):
    """One picture: what to press, from the first full screen on."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    filter: str = ""
    allow_close: bool = False

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.size[0]}x{self.size[1]}.svg"


_SMALL: Final = (80, 24)
_LARGE: Final = (200, 50)

SHOTS: Final = (
    Shot("main", _LARGE, ("down",)),
    Shot("main", _SMALL),
    Shot("ports", _SMALL, ("down", "p")),
    Shot("why", _SMALL, ("y",)),
    Shot("explain", _SMALL, ("e",)),
    Shot("drain", _SMALL, ("down", "d")),
    Shot("findings", _SMALL, ("f",)),
    Shot("findings", _LARGE, ("f",)),
    Shot("budgets", _SMALL, ("b",)),
    Shot("diagram", _SMALL, ("v",)),
    Shot("diagram", _LARGE, ("v",)),
    Shot("counters", _SMALL, ("m",)),
    Shot("past", _SMALL, (f"wait:{_PAST_MS}", *("comma",) * 5)),
    Shot("comparison", _SMALL, ("A", f"wait:{_MARKS_APART_MS}", "D")),
    Shot("sockets", _SMALL, ("down", "enter"), filter="time-wait and dport = :25"),
    Shot("whose", _SMALL, ("u",)),
    Shot("details", _SMALL, ("down", "enter", "down", "enter"), filter="established and dport = :5432"),
    Shot("closing", _SMALL, ("K",), filter="close-wait", allow_close=True),
    Shot("filter", _SMALL, ("slash", *"state time-wiat")),
    Shot("group", _SMALL, ("g",)),
    Shot("help", _SMALL, ("question_mark",)),
)


async def picture(shot: Shot) -> str:
    """Open twtop, press the keys and draw what it shows."""
    from twtop.sources.collector import Collector
    from twtop.ui.app import TwtopApp

    options = ScreenOptions(
        interval_s=1.0,
        filter=parse(shot.filter),
        keys=DEFAULT_KEYS,
        sort=DEFAULT_SORT,
        cpu_budget=25.0,
        services=read_services(),
        allow_close=shot.allow_close,
    )
    app = TwtopApp(options, Collector(options))
    async with app.run_test(size=shot.size) as pilot:
        await pilot.pause(_FRAMES_S)
        await pilot.press(*shot.keys)
        await pilot.pause(_ANSWER_S)
        return svg_of(app)


def main() -> int:
    parser = ArgumentParser(prog="python -m tests.screenshots", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "names", nargs="*", choices=[[], *sorted({shot.name for shot in SHOTS})], metavar="NAME"
    )
    names = parser.parse_args().names
    require_namespaces()
    name_this_host(HOST_NAME)
    FOLDER.mkdir(exist_ok=True)
    with start_world():
        time.sleep(_WORLD_RUNS_S)
        for shot in SHOTS:
            if names and shot.name not in names:
                continue
            svg = FOLDER / shot.file_name
            svg.write_text(asyncio.run(picture(shot)))
            png = write_png(svg)
            print(svg.name, png.name if png else "(no PNG: no chromium)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

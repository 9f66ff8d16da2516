"""Writes real looks in many processes, as fast as they can, and kills each at a moment of its own.

``python -m tests.recording.file.kills FOLDER CHILDREN`` prints a line for each: its file, and how many looks
had been added for sure when its writer was killed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twtop.recording.file.writer import About, Writer
from twtop.sources.taping import Taper
from twtop.sources.watch import ALL, OWN, Watch

if TYPE_CHECKING:
    from twtop.sources.panorama import Looked

_AT_ONCE: Final = 2
_CHAPTER: Final = 3
"""Looks from one key look, after which the log is moved into the file, to the next."""
_MOST_LOOKS: Final = 4 * _CHAPTER
_LOOK_S: Final = 0.005
"""What it takes at least to add a look."""


def main() -> None:
    folder, children = Path(sys.argv[1]), int(sys.argv[2])
    with Watch(OWN) as watch:
        looks = [watch.look() for _ in range(2 * _MOST_LOOKS)]
    for first in range(0, children, _AT_ONCE):
        begun = [
            _begin(folder / f"{number}.twtop", looks)
            for number in range(first, min(first + _AT_ONCE, children))
        ]
        for path, child, said in begun:
            with os.fdopen(said, "rb", buffering=0) as pipe:
                added = sum(len(pipe.read(1)) for _ in range(random.randrange(_MOST_LOOKS)))
                # In the middle of whatever it does then.
                time.sleep(random.uniform(0, _LOOK_S))
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                print(path.name, added + len(pipe.read()))


def _begin(path: Path, looks: list[Looked]) -> tuple[Path, int, int]:
    """Fork a process that records, and says a byte for every look."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return path, child, reading
    writer = Writer(path, About("killed"), time.time())
    taper = Taper(writer)
    for number, looked in enumerate(looks):
        # Whenever something else is looked at, there is a key look.
        taper.add(looked, OWN if number // _CHAPTER % 2 else ALL)
        os.write(writing, b".")
    signal.pause()
    os._exit(1)


if __name__ == "__main__":
    main()

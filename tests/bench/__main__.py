"""What twtop costs, on real sockets: ``python -m tests.bench snapshot|screen``.

Targets stand beside the figures; a missed one is no failure, because figures of different machines differ.
"""

from __future__ import annotations

import argparse
import sys

from tests.bench import screen, snapshot
from twtop.errors import TwtopError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    once = kinds.add_parser("snapshot", help="one tick against ss and against only receiving the dump")
    live = kinds.add_parser("screen", help="the screen in a terminal: CPU, memory, bytes, answers to keys")
    for kind in (once, live):
        kind.add_argument("--sockets", type=int, default=300_000, help="how many TIME-WAITs (default 300000)")
    once.add_argument("--alternate", type=int, default=100_000, help="how many of the second kind (100000)")
    once.add_argument("--rounds", type=int, default=9, help="how often to measure (9)")
    chosen = parser.parse_args()
    try:
        if chosen.kind == "snapshot":
            snapshot.run(chosen.sockets, chosen.alternate, chosen.rounds)
        else:
            screen.run(chosen.sockets)
    except TwtopError as error:
        print(f"tests.bench: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What twtop costs, on real sockets: ``python -m tests.bench KIND``, of which ``--help`` lists the kinds.

Targets stand beside the figures; a missed one is no failure, because figures of different machines differ.
"""

from __future__ import annotations

import argparse
import sys

from tests.bench import (
    comparison,
    diagnosis,
    exporter,
    owners,
    record_codec,
    record_file,
    replay,
    screen,
    snapshot,
)
from twtop.errors import TwtopError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    once = kinds.add_parser("snapshot", help="one tick against ss and against only receiving the dump")
    live = kinds.add_parser("screen", help="the screen in a terminal: CPU, memory, bytes, answers to keys")
    rules = kinds.add_parser("diagnosis", help="what all rules cost, and the costliest of them")
    whose = kinds.add_parser(
        "owners", help="who holds the sockets: the first answer against ss, and each tick"
    )
    scrape = kinds.add_parser("exporter", help="a scrape against one tick of the snapshot benchmark")
    tape = kinds.add_parser("record", help="bytes and CPU of a recording, of a busy host and of a quiet one")
    past = kinds.add_parser("replay", help="jumps in a recording, steps back, and sixty times as fast")
    marks = kinds.add_parser("comparison", help="marking a moment, and comparing two")
    for kind in (once, live, rules, whose, scrape, tape, past, marks):
        kind.add_argument("--sockets", type=int, default=300_000, help="how many TIME-WAITs (default 300000)")
    once.add_argument("--alternate", type=int, default=100_000, help="how many of the second kind (100000)")
    for kind in (once, rules, scrape, marks):
        kind.add_argument("--rounds", type=int, default=9, help="how often to measure (9)")
    for kind, processes in ((whose, 2_000), (live, 0)):
        what = f"how many hold other sockets ({processes})"
        kind.add_argument("--processes", type=int, default=processes, help=what)
        kind.add_argument("--descriptors", type=int, default=50_000, help="sockets that they hold (50000)")
    whose.add_argument("--rounds", type=int, default=5, help="how often to measure the first answer (5)")
    whose.add_argument("--ticks", type=int, default=10, help="seconds for which to measure ticks (10)")
    tape.add_argument("--rounds", type=int, default=15, help="for how many looks, one a second (15)")
    chosen = parser.parse_args()
    crowd = chosen.sockets
    runs = {
        "snapshot": lambda: snapshot.run(crowd, chosen.alternate, chosen.rounds),
        "diagnosis": lambda: diagnosis.run(crowd, chosen.rounds),
        "owners": lambda: owners.run(
            chosen.processes, chosen.descriptors, crowd, chosen.rounds, chosen.ticks
        ),
        "record": lambda: _record(crowd, chosen.rounds),
        "replay": lambda: replay.run(crowd),
        "comparison": lambda: comparison.run(crowd, chosen.rounds),
        "exporter": lambda: exporter.run(crowd, chosen.rounds),
        "screen": lambda: screen.run(crowd, chosen.processes, chosen.descriptors),
    }
    try:
        runs[chosen.kind]()
    except TwtopError as error:
        print(f"tests.bench: {error}", file=sys.stderr)
        return 2
    return 0


def _record(sockets: int, rounds: int) -> None:
    record_codec.run(sockets, rounds)
    record_file.run(sockets, rounds)


if __name__ == "__main__":
    sys.exit(main())

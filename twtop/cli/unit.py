"""The command line of ``twtop unit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.cli.parser import Parser
from twtop.cli.vocabulary import STATUS

if TYPE_CHECKING:
    from argparse import ArgumentParser

SERVICES: Final = ("record", "exporter")

_UNIT: Final = """\
Print a unit for systemd that keeps this twtop running as a service: the
recorder or the exporter, as a user of its own without any capability, in a
sandbox. What can be changed is said in it.
"""

_UNIT_EXAMPLES: Final = """\
examples:
  twtop unit record > /etc/systemd/system/twtop-record.service
  twtop unit exporter > /etc/systemd/system/twtop-exporter.service
"""


def unit_parser() -> ArgumentParser:
    """Tell what ``twtop unit`` takes."""
    parser = Parser("twtop unit", _UNIT, _UNIT_EXAMPLES, STATUS)
    parser.add_argument("service", choices=SERVICES, metavar="SERVICE", help=f"one of {', '.join(SERVICES)}")
    return parser

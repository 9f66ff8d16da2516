"""The command line of ``twtop exporter``."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Final

from twtop.cli.netns import add_netns
from twtop.cli.parser import Parser

if TYPE_CHECKING:
    from argparse import ArgumentParser

_MOST: Final = 100
"""Every name is a series that Prometheus keeps, of every host."""

_EXPORTER: Final = """\
Answer Prometheus at /metrics: sockets by state, ports left towards the busiest
destinations, births and deaths, overflows, accept queues, findings. Looks when
it is asked, once a second at most. Needs: pip install 'twtop[exporter]'
"""

_EXPORTER_EXAMPLES: Final = """\
examples:
  twtop exporter
  twtop exporter --listen :9797 --web.config.file web.yml
  twtop exporter --netns all
  twtop exporter --print-dashboard > twtop-dashboard.json
  twtop exporter --print-alerts > twtop-alerts.yml
"""

_STATUS: Final = """\
exit status: 0 after SIGTERM, 130 after ctrl+c, 2 after an error (said in one
line)
"""


def exporter_parser() -> ArgumentParser:
    """Tell what ``twtop exporter`` takes."""
    parser = Parser("twtop exporter", _EXPORTER, _EXPORTER_EXAMPLES, _STATUS)
    parser.add_argument(
        "--listen",
        metavar="ADDRESS:PORT",
        default="127.0.0.1:9797",
        help="where to answer; :9797 is on all addresses (default: 127.0.0.1:9797)",
    )
    add_netns(parser)
    parser.add_argument(
        "--top",
        metavar="N",
        type=_names,
        default=10,
        help=f"name N destinations and N accept queues, 0 to {_MOST}; the others are summed (default: 10)",
    )
    parser.add_argument(
        "--web.config.file",
        "--web-config",
        dest="web_config",
        metavar="FILE",
        help="TLS and users, in the format of Prometheus's exporters (default: plain HTTP for everybody)",
    )
    printed = parser.add_mutually_exclusive_group()
    printed.add_argument(
        "--print-dashboard", action="store_true", help="print a dashboard for Grafana, and exit"
    )
    printed.add_argument(
        "--print-alerts", action="store_true", help="print alerting rules for Prometheus, and exit"
    )
    return parser


def _names(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= _MOST):
        raise ArgumentTypeError(f"expected a number from 0 to {_MOST}, found {text!r}")
    return int(text)

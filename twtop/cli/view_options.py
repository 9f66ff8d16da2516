"""The options that say what to see, and the help that tells their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argparse import ArgumentParser

VOCABULARY: Final = """\
EXPR   a filter as ss(8) has it: state close-wait, dport = :443,
       dst 10.0.0.0/8, and or not ( ); also :443 for either port,
       port:8000-8999, a bare address or network for either side, a bare state
KEYS   of state, peer, remote, remote-address, remote-network, remote-port,
       local, local-address, local-port, role; by commas, outermost first
FIELD  one of {fields}
"""

STATUS: Final = """\
exit status: 2 after an error (said in one line), 130 after ctrl+c, 141 when
the reader of a pipe is gone, else 0
"""


def add_view_options(parser: ArgumentParser) -> None:
    """Add what chooses sockets, and how they are grouped and sorted."""
    parser.add_argument("--filter", metavar="EXPR", help="only matching sockets (default: all)")
    parser.add_argument("--by", metavar="KEYS", help="what to group by (default: state,peer)")
    parser.add_argument("--sort", metavar="FIELD", help="order of groups, most first (default: sockets)")

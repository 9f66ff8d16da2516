"""The command line of ``twtop config``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.cli.parser import Parser
from twtop.cli.vocabulary import STATUS, USUAL_FILE

if TYPE_CHECKING:
    from argparse import ArgumentParser

_CONFIG: Final = """\
Print a file of options that explains each of them, to start from; or check one.
"""

_CONFIG_EXAMPLES: Final = f"""\
examples:
  twtop config
  twtop config > twtop.toml
  twtop config --check
  twtop config --check {USUAL_FILE}
"""


def config_parser() -> ArgumentParser:
    """Tell what ``twtop config`` takes."""
    parser = Parser("twtop config", _CONFIG, _CONFIG_EXAMPLES, STATUS)
    parser.add_argument(
        "--check",
        metavar="FILE",
        nargs="?",
        const="",
        help=f"say what is wrong with FILE (default: {USUAL_FILE})",
    )
    return parser

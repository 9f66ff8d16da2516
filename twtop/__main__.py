"""Start twtop, or say in one line why it cannot run.

Like `twtop.kernel.host`, this must compile and run on Pythons older than twtop needs.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; return the exit status: 2 after an error, 130 after an interruption."""
    try:
        return _run()
    except KeyboardInterrupt:
        return 130


def _run() -> int:
    # Ctrl+c may come this early; before this module is there, Python itself answers it.
    from contextlib import suppress

    from twtop.errors import TwtopError
    from twtop.kernel.host import check_platform

    try:
        check_platform()
        # An older Python cannot import the rest.
        from twtop.cli import run

        return run(sys.argv[1:])
    except TwtopError as error:
        complaint = str(error)
    # A closed or full standard error leaves only the status.
    with suppress(OSError, AttributeError):
        sys.stderr.write("twtop: " + complaint + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())

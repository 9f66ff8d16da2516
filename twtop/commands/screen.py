"""``twtop`` and ``twtop demo``: open the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.ui.terminal.capabilities import require_terminal

if TYPE_CHECKING:
    from argparse import Namespace

    from twtop.core.options import ScreenOptions


def open_screen(arguments: Namespace) -> int:
    """Show this network namespace until the user leaves; return the exit status."""
    options = _options(arguments)
    require_terminal()
    from twtop.ui.app import run

    return run(options)


def open_demo(arguments: Namespace) -> int:
    """Show a private world of real sockets; it ends with the screen."""
    require_terminal()
    from twtop.lab.namespaces import require_namespaces
    from twtop.lab.world import start_world

    # Before anything is imported that may start threads.
    require_namespaces()
    options = _options(arguments)
    with start_world():
        from twtop.ui.app import run

        return run(options)


def _options(arguments: Namespace) -> ScreenOptions:
    from twtop.commands.choices import chosen_view
    from twtop.core.fields import FIELDS
    from twtop.core.options import ScreenOptions

    spec = chosen_view(arguments, FIELDS)
    return ScreenOptions(
        interval_s=arguments.interval,
        filter=spec.filter,
        keys=spec.keys,
        sort=spec.sort,
        cpu_budget=arguments.cpu_budget,
    )

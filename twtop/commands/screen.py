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
    return _show(options)


def open_demo(arguments: Namespace) -> int:
    """Show a private world of real sockets; it ends with the screen."""
    require_terminal()
    from twtop.lab.namespaces import name_this_host, require_namespaces
    from twtop.lab.world import start_world

    # Before anything is imported that may start threads.
    require_namespaces()
    name_this_host("demo")
    options = _options(arguments)
    with start_world():
        return _show(options)


def _show(options: ScreenOptions) -> int:
    """Collect while the screen is still being imported: the first data are there when it is."""
    from twtop.sources.collector import Collector

    collector = Collector(options)
    collector.start()
    from twtop.ui.app import run

    return run(options, collector)


def _options(arguments: Namespace) -> ScreenOptions:
    from twtop.commands.choices import chosen_options
    from twtop.core.options import ScreenOptions

    return ScreenOptions(**chosen_options(arguments))

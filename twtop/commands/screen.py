"""``twtop`` and ``twtop demo``: open the screen."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from twtop.ui.terminal.capabilities import require_terminal

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from twtop.core.options import ScreenOptions
    from twtop.sources.collector import Collector
    from twtop.sources.replay.player import Player


def open_screen(arguments: Namespace) -> int:
    """Show the chosen network namespaces until the user leaves; return the exit status."""
    options = screen_options(arguments)
    require_terminal()
    if arguments.netns == "all" and arguments.keys is None:
        options = with_namespaces(options)
    return _show(options, arguments.netns)


def open_demo(arguments: Namespace) -> int:
    """Show a private world of real sockets; it ends with the screen."""
    require_terminal()
    from twtop.lab.namespaces import name_this_host, require_namespaces
    from twtop.lab.world import start_world

    # Before anything is imported that may start threads.
    require_namespaces()
    name_this_host("demo")
    options = screen_options(arguments)
    with start_world():
        return _show(options)


def with_namespaces(options: ScreenOptions) -> ScreenOptions:
    """Group by namespace first, where the user groups by nothing else."""
    from twtop.core.table.keys import DEFAULT_KEYS, DEFAULT_KEYS_OF_ALL

    return replace(options, keys=DEFAULT_KEYS_OF_ALL) if options.keys == DEFAULT_KEYS else options


def _show(options: ScreenOptions, netns: str | None = None) -> int:
    """Collect while the screen is still being imported: the first data are there when it is."""
    from twtop.kernel.allocator import share_one_arena
    from twtop.sources.collector import Collector
    from twtop.sources.watch import chosen

    share_one_arena()
    collector = Collector(options, chosen(netns))
    collector.start()
    return show(options, collector)


def show(options: ScreenOptions, source: Collector | Player) -> int:
    """Import the screen, and show what is collected or played until the user leaves."""
    with _imported_to_stay():
        from twtop.ui.app import run

    return run(options, source)


@contextmanager
def _imported_to_stay() -> Iterator[None]:
    """Do not look for garbage among what is imported, now or later.

    There is hardly any, and to look through 100,000 objects again and again takes a tenth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def screen_options(arguments: Namespace) -> ScreenOptions:
    """Put what the command line says before what the file says, and that before the defaults."""
    with _imported_to_stay():
        from twtop.kernel.services import read_services
        from twtop.sources.labels import read_user_labels

        options = _chosen_options(arguments)
    return replace(options, labels=read_user_labels(), services=read_services())


def _chosen_options(arguments: Namespace) -> ScreenOptions:
    from twtop.commands.choices import chosen_options
    from twtop.commands.config import options_in
    from twtop.config.options import chosen_file
    from twtop.core.options import ScreenOptions

    file = chosen_file(os.environ, arguments.config, ignored=arguments.no_config)
    chosen = {**chosen_options(arguments), "allow_close": getattr(arguments, "allow_close", False)}
    if file is None:
        return ScreenOptions(**chosen)
    return ScreenOptions(**{**options_in(file), **chosen, "config_file": str(file.path)})

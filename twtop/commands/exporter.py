"""``twtop exporter``: answer Prometheus."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twtop.errors import HostError
from twtop.export.output import emit
from twtop.sources.watch import chosen

if TYPE_CHECKING:
    from argparse import Namespace

_EXTRA: Final = {"prometheus_client", "yaml", "bcrypt"}


def export_metrics(arguments: Namespace) -> int:
    """Answer until a signal ends it, or print a file that goes with it; return the exit status.

    Raises:
        UsageError: the address, the namespace or the web config file cannot be used.
        HostError: the extra is not installed, or the port is taken.
    """
    if arguments.print_dashboard:
        return _print("dashboard.json")
    if arguments.print_alerts:
        return _print("alerts.yml")
    web_config = None if arguments.web_config is None else Path(arguments.web_config)
    try:
        from twtop.exporter.run import answer

        return answer(arguments.listen, chosen(arguments.netns), arguments.top, web_config)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise HostError(
            f"{error.name} is not installed; twtop exporter needs the extra: pip install 'twtop[exporter]'"
        ) from error


def _print(name: str) -> int:
    emit([files("twtop.exporter").joinpath(name).read_text(encoding="utf-8")])
    return 0

"""The exporter as a whole: begins, answers, ends."""

from __future__ import annotations

import asyncio
import signal
from contextlib import closing
from typing import TYPE_CHECKING, Final

from twtop.export.output import remark
from twtop.exporter.desk import Desk
from twtop.exporter.listening import endpoint, listen
from twtop.exporter.looks import Looks
from twtop.exporter.server import Server
from twtop.exporter.web import Web
from twtop.kernel.allocator import share_one_arena
from twtop.sources.watch import Watch

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from twtop.sources.watch import Chosen

_STATUS: Final = {signal.SIGTERM: 0, signal.SIGINT: 130}


def answer(address: str, chosen: Chosen, top: int, web_config: Path | None) -> int:
    """Answer on an address until SIGTERM or SIGINT; return the exit status.

    Raises:
        UsageError: the address or the file cannot be used.
        HostError: the port is taken.
    """
    share_one_arena()
    with (
        closing(Web(web_config, remark)) as web,
        closing(listen(address)) as listener,
        Watch(chosen) as watch,
        Desk(Looks(watch), top) as desk,
    ):
        return asyncio.run(_run(listener, desk, web))


async def _run(listener: socket.socket, desk: Desk, web: Web) -> int:
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    caught: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        caught.append(number)
        if this is not None:
            this.cancel()

    for number in _STATUS:
        loop.add_signal_handler(number, end, number)
    try:
        look = await desk.look()
        if look.problem is not None:
            remark(look.problem)
        remark(f"metrics at {web.scheme}://{endpoint(listener)}/metrics")
        await Server(listener, desk, web).serve()
    except asyncio.CancelledError:
        if not caught:
            raise
    return _STATUS[caught[0]]

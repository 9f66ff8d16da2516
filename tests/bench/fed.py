"""A host in which as many TIME-WAITs begin each second as end."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bench.feeder import LIFE_S
from tests.pty.terminal import ROOT, python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.host import Host


@contextmanager
def fed(host: Host, sockets: int, warm_up_s: float = LIFE_S + 5) -> Iterator[None]:
    """Keep so many TIME-WAITs up in a host, from when the first of them end."""
    host.sysctl("net.ipv4.tcp_max_tw_buckets", 2 * sockets)
    with host.entered():
        feeder = subprocess.Popen(python("tests.bench.feeder", str(sockets)), cwd=ROOT)
    try:
        rate = f"{sockets / LIFE_S:,.0f} born and gone a second"
        print(f"{sockets:,} TIME-WAITs, {rate}: ready in {warm_up_s} s", flush=True)
        time.sleep(warm_up_s)
        yield
    finally:
        feeder.kill()
        feeder.wait()

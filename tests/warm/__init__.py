"""twtop in processes of its own that need not import it: forked from one that has.

To start Python, numpy and a command takes 0.3 s of CPU time, hundreds of times. `TWTOP` stands for
``python -W error -m twtop``: a real process with its own status, files, environment, folder, network
namespace and signals. What is about the start itself (imports, a closed standard output, limits, who runs
it) is tested with the real one, `COLD`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER: Final = Path(__file__).parent
_ADDRESS: Final = f"{tempfile.gettempdir()}/twtop-warm-{os.getpid()}"
TWTOP: Final = (sys.executable, "-I", "-S", str(_FOLDER / "client.py"), _ADDRESS)
COLD: Final = (sys.executable, "-W", "error", "-m", "twtop")


@contextmanager
def serving() -> Iterator[None]:
    """Let `TWTOP` work; nothing is imported before it is first used."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        # Somebody with this number may have been killed.
        Path(_ADDRESS).unlink(missing_ok=True)
        listener.bind(_ADDRESS)
        listener.listen(64)
        command = [sys.executable, "-W", "error", "-m", f"{__name__}.server", str(listener.fileno())]
        server = subprocess.Popen(
            command,
            cwd=_FOLDER.parents[1],
            # numpy would start threads, as `twtop.cli.run` knows; and only one that has none can be forked.
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
        )
    try:
        yield
    finally:
        Path(_ADDRESS).unlink()
        server.communicate()

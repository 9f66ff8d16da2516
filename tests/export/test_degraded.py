from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tests.export.oracle import endpoints, ss

if TYPE_CHECKING:
    import subprocess

    from twtop.lab.lab import Lab

REFUSAL = "this kernel or sandbox has no NETLINK_SOCK_DIAG: reading /proc/net/tcp"
UNLISTED = "sockets only bound (UNCONN) cannot be listed here: that takes netlink and Linux 6.8"
UNKNOWN_PROTOCOL = 31
"""The kernel refuses it as it does sock_diag where that is not built in."""


def without_sock_diag(lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = f"""
import sys
from twtop.kernel.sockdiag import dumps
dumps.NETLINK_SOCK_DIAG = {UNKNOWN_PROTOCOL}
from twtop.__main__ import main
sys.exit(main())
"""
    return lab.client.run([sys.executable, "-W", "error", "-c", script, *arguments])


def test_json_says_what_is_missing(lab: Lab) -> None:
    pair = lab.pair()
    lab.pair()
    port = pair.client_end[1]
    ended = without_sock_diag(
        lab, "snapshot", "--format", "json", "--sockets", "--filter", f"sport = :{port}"
    )
    document = json.loads(ended.stdout)
    assert (document["degraded"], ended.stderr) == ([REFUSAL, UNLISTED], "")
    (socket,) = document["sockets"]
    assert endpoints(socket) in ss(lab.client)
    assert sum(there["used"] for there in document["ports"]["destinations"]) == 2


def test_tables_and_csv_leave_it_to_standard_error(lab: Lab) -> None:
    lab.pair()
    for output_format in ("table", "csv"):
        ended = without_sock_diag(lab, "snapshot", "--format", output_format)
        assert ended.stderr == f"twtop: {REFUSAL}\ntwtop: {UNLISTED}\n"
        assert "ESTAB" in ended.stdout


def test_explanations_do_without(lab: Lab) -> None:
    ended = without_sock_diag(lab, "explain", "time-wait")
    assert ended.stderr == ""
    assert "60 s" in ended.stdout

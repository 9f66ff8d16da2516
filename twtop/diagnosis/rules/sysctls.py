"""Settings that do what nobody expects of them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.lifetimes import TIME_WAIT_LIFE, fin_wait_2_life, fin_wait_2_phases
from twtop.core.states import State, Timer
from twtop.core.sysctls import FIN_TIMEOUT
from twtop.core.timers import in_first_phase
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rule import Rule, Symptom, only
from twtop.diagnosis.subjects import in_states
from twtop.knowledge.placeholders import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.diagnosis.evidence import Evidence

RFC1337: Final = "net.ipv4.tcp_rfc1337"
_RECYCLE: Final = "net.ipv4.tcp_tw_recycle"


def _fin_timeout(evidence: Evidence) -> Iterator[Symptom]:
    sysctls = evidence.sysctls
    if sysctls.fin_timeout_s <= TIME_WAIT_LIFE:
        return
    full_s, mini_s = fin_wait_2_phases(sysctls)
    life_s = fin_wait_2_life(sysctls)
    shorter = life_s < TIME_WAIT_LIFE
    sockets, rows = evidence.sockets.take(evidence.rows(State.FIN_WAIT_2)), "FIN-WAIT-2 without owner"
    first = int(np.count_nonzero(in_first_phase(sockets)))
    second = int(np.count_nonzero(sockets.timer == Timer.TIMEWAIT))
    yield Symptom(
        severity=Severity.WARNING if shorter else Severity.NOTE,
        headline=f"tcp_fin_timeout {sysctls.fin_timeout_s}: FIN-WAIT-2 orphans live {duration(life_s)}, "
        + ("less than with 60" if shorter else "half of it in full"),
        evidence=(
            f"first {duration(full_s)} as a full socket (timer keepalive), then {duration(mini_s)} as a mini",
            f"now {first:,} {rows} are full sockets, {second:,} are minis",
        ),
        sockets=in_states(State.FIN_WAIT_2),
        kinds=frozenset({"shorter"} if shorter else ()),
    )


def _rfc1337(evidence: Evidence) -> Iterator[Symptom]:
    if not evidence.sysctls.number(RFC1337):
        return
    waiting = sum(evidence.served.values())
    yield Symptom(
        severity=Severity.WARNING if waiting else Severity.NOTE,
        headline="tcp_rfc1337 is on: a client that meets its own TIME-WAIT times out",
        evidence=(f"{waiting:,} TIME-WAIT on {len(evidence.served):,} ports served here can be met",),
        sockets=in_states(State.TIME_WAIT),
    )


def _recycle(evidence: Evidence) -> Iterator[Symptom]:
    setting = evidence.snapshot.configured.get(_RECYCLE)
    if setting is None or _RECYCLE in evidence.sysctls:
        return
    yield Symptom(
        severity=Severity.NOTE,
        headline=f"{setting.file} sets tcp_tw_recycle, which this kernel does not have",
        evidence=(f"{_RECYCLE} = {setting.value}",),
        sockets=in_states(State.TIME_WAIT),
        values={"file": shlex.quote(setting.file)},
    )


RULES: Final = (
    Rule(
        name="fin-timeout-above-60",
        title="tcp_fin_timeout in its trap",
        threshold=f"tcp_fin_timeout > {TIME_WAIT_LIFE:.0f} s",
        inputs=(FIN_TIMEOUT,),
        find=_fin_timeout,
        cause="Above 60 the kernel keeps an orphan T - 60 s as a full socket and T - 60 s as a mini:"
        " 61 is 2 s, 75 is 30 s, 90 is 60 s.",
        check=("Who waits in FIN-WAIT-2: ss -tano state fin-wait-2",),
        remedies=(
            only("Back to the default, 60 s as minis.", command="sysctl -w net.ipv4.tcp_fin_timeout=60"),
            only("If it shall be short: the wanted number of seconds itself, below 60.", kind="shorter"),
        ),
        dont=(
            "90 because 60 seems short: it gives 60 s again, and full sockets for half of them.",
            "tcp_fin_timeout against TIME-WAIT: TIME-WAIT does not look at it.",
        ),
        sysctls=(FIN_TIMEOUT, "net.ipv4.tcp_max_orphans"),
        sources=(
            "net/ipv4/tcp_timer.c (tcp_keepalive_timer)",
            "net/ipv4/tcp_minisocks.c (tcp_time_wait)",
        ),
    ),
    Rule(
        name="rfc1337-on",
        title="tcp_rfc1337 keeps clients out",
        threshold="tcp_rfc1337 is not 0; a warning where TIME-WAIT stands at a served port",
        inputs=(RFC1337,),
        find=_rfc1337,
        cause="A client whose SYN meets its old TIME-WAIT with an older timestamp resets it and is in after"
        " about 10 ms. With tcp_rfc1337 the reset is ignored, and every SYN starts the 60 s again.",
        check=("Does it happen: nstat -az TcpExtPAWSTimewait TcpExtTCPACKSkippedTimeWait",),
        remedies=(only("Turn it off.", command="sysctl -w net.ipv4.tcp_rfc1337=0"),),
        dont=("what the kernel's documentation says of it: the sentence is the wrong way round.",),
        sysctls=(RFC1337,),
        sources=("net/ipv4/tcp_minisocks.c (tcp_timewait_state_process)", "RFC 1337"),
    ),
    Rule(
        name="recycle-configured",
        title="tcp_tw_recycle in a configuration file",
        threshold="a line sets it, and this kernel does not have it",
        inputs=("configured",),
        find=_recycle,
        cause="tcp_tw_recycle left in Linux 4.12, because it rejected clients behind NAT. The line does"
        " nothing but print an error.",
        check=("Other lines for it: grep -rs tcp_tw_recycle /etc/sysctl.conf /etc/sysctl.d /run/sysctl.d",),
        remedies=(only("Delete the line.", command="sed -i '/tcp_tw_recycle/d' {file}"),),
        dont=("a replacement for it: there is none, and TIME-WAIT needs none.",),
        sysctls=(_RECYCLE,),
        sources=("commit 4396e46187ca", "sysctl.d(5)"),
    ),
)

"""The unit, container or pod that a cgroup belongs to, told by its path alone.

Formats: systemd.unit(5), systemd.slice(5) and ``systemd-escape(1)``; runc's systemd driver
(``PREFIX-ID.scope``, ``SLICE:PREFIX:ID`` where it was misread as a path) and cgroupfs driver
(``/docker/ID``); kubelet's ``pkg/kubelet/cm`` (``kubepods-burstable-podUID.slice``, dashes as ``_``, and
``/kubepods/burstable/podUID``); podman's ``libpod-ID.scope``; liblxc's ``lxc.payload.NAME``;
systemd-machined's ``machine-NAME.scope``. An id has 64 hexadecimal digits.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from twtop.core.text import printable

_LONGEST_PATH: Final = 512
_LONGEST_NAME: Final = 64
_CUT: Final = "..."
_MOST_REMEMBERED: Final = 4096
_ID_DIGITS: Final = 12
"""As many as docker and podman show."""
_POD_DIGITS: Final = 8

_ESCAPED: Final = re.compile(r"\\x([0-9a-f]{2})")
_UNIT: Final = re.compile(r".+\.(?:service|scope|socket|mount|swap)")
_ID: Final = re.compile(r"(?:[^:]*:)?(?:([a-z][a-z_-]*)[-:])?([0-9a-f]{64})(?:\.scope)?")
_POD: Final = re.compile(r"(?:.*-)?pod([0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})(?:\.slice.*)?")
_LXC: Final = re.compile(r"lxc\.(payload|monitor)[.-](.+)")
_NSPAWN: Final = re.compile(r"systemd-nspawn@(.+)\.service")
_MACHINE: Final = re.compile(r"machine-(.+)\.scope")
_VIRTUAL: Final = re.compile(r"qemu-\d+-(.+)")
_RUNTIMES: Final = {
    "libpod": "podman",
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "cri-o",
}
_FOLDERS: Final = {"docker": "docker", "libpod_parent": "podman", "buildkit": "buildkit"}
_CONMON: Final = "-conmon"
_LXC_FOLDERS: Final = {"lxc", "lxc.payload"}


class _Container(NamedTuple):
    name: str
    depth: int
    """So many components of the path lead to it."""


def shown_path(path: str) -> str:
    """Return a cgroup's path fit for a terminal, at most 512 characters: of a longer one the end."""
    shown = printable(path)
    return shown if len(shown) <= _LONGEST_PATH else f"{_CUT}{shown[len(_CUT) - _LONGEST_PATH :]}"


@lru_cache(_MOST_REMEMBERED)
def unit_of(path: str) -> str:
    """Name whose a cgroup is: ``nginx.service``, ``docker 3f2a9c1b7d20``, ``pod 1b9c6c0a/ab12cd34ef56``.

    Give it what `shown_path` returns: the last 4,096 paths are remembered. A unit inside a container stands
    behind it (``lxc web1/nginx.service``). Where there is neither, it is the end of the path, and nothing for
    the root. At most 64 characters, fit for a terminal.
    """
    parts = [part for part in path.split("/") if part]
    container = _innermost_container(parts)
    inner = parts[container.depth :] if container else parts
    unit = next((part for part in reversed(inner) if _UNIT.fullmatch(part)), "")
    if container:
        name = f"{container.name}/{_plain(unit)}" if unit else container.name
    else:
        name = _plain(unit or (parts[-1] if parts else ""))
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - len(_CUT)]}{_CUT}"


def _innermost_container(parts: list[str]) -> _Container | None:
    for depth in range(len(parts), 0, -1):
        parent = parts[depth - 2] if depth > 1 else ""
        if name := _by_id(parts[depth - 1], parts[: depth - 1]) or _by_name(parts[depth - 1], parent):
            return _Container(name, depth)
    return None


def _by_id(part: str, above: list[str]) -> str:
    """Name a container that has an id, or the pod itself; empty if the component is neither."""
    found = _ID.fullmatch(part)
    pod = next((pod for folder in (part, *reversed(above)) if (pod := _pod(folder))), "")
    if not found:
        return f"pod {pod}" if _pod(part) else ""
    number = found[2][:_ID_DIGITS]
    if pod:
        return f"pod {pod}/{number}"
    if not found[1]:
        return f"{_FOLDERS.get(above[-1] if above else '', 'container')} {number}"
    runtime = found[1].removesuffix(_CONMON)
    helper = " conmon" if runtime != found[1] else ""
    return f"{_RUNTIMES.get(runtime, runtime)}{helper} {number}"


def _pod(part: str) -> str:
    found = _POD.fullmatch(part)
    return found[1][:_POD_DIGITS] if found else ""


def _by_name(part: str, parent: str) -> str:
    """Name a container or machine that has a name of its own; empty if the component is none."""
    if parent in _LXC_FOLDERS:
        return f"lxc {_plain(part)}"
    if found := _LXC.fullmatch(part):
        return f"lxc {_plain(found[2])}" if found[1] == "payload" else f"lxc monitor {_plain(found[2])}"
    if found := _NSPAWN.fullmatch(part):
        return f"nspawn {_plain(found[1])}"
    if found := _MACHINE.fullmatch(part):
        name = _plain(found[1])
        virtual = _VIRTUAL.fullmatch(name)
        return f"vm {virtual[1]}" if virtual else f"machine {name}"
    return ""


def _plain(name: str) -> str:
    r"""Undo systemd's escapes (``\x2d`` for a dash), and make fit for a terminal."""
    return printable(_ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), name))

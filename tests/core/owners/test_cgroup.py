from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.core.owners.cgroup import shown_path, unit_of
from twtop.core.text import printable

ID = "3f2a9c1b7d20" + "0123456789abcdef" * 3 + "beef"
POD = "1b9c6c0a-5f3e-4c1d-9a2b-0c1d2e3f4a5b"
SYSTEMD_POD = POD.replace("-", "_")
BURSTABLE = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{SYSTEMD_POD}.slice"
KIND = f"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort-pod{SYSTEMD_POD}.slice"
STATIC_POD = "/kubepods.slice/kubepods-pod187bff14cccb94f179e943eacce55bb3.slice"
MANAGER = "/user.slice/user-1000.slice/user@1000.service"


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/", ""),
        ("/init.scope", "init.scope"),
        ("/system.slice/nginx.service", "nginx.service"),
        ("/system.slice/postgres.service/backends", "postgres.service"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
        ("/system.slice/sshd.socket", "sshd.socket"),
        ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope"),
        (f"{MANAGER}/app.slice/sync.service", "sync.service"),
        (f"{MANAGER}/app.slice/app-org.gnome.Terminal\\x2d7.scope", "app-org.gnome.Terminal-7.scope"),
        (f"{MANAGER}/init.scope", "init.scope"),
        ("/user.slice", "user.slice"),
        ("/default/redis", "redis"),
    ],
)
def test_units_of_systemd(path: str, unit: str) -> None:
    assert unit_of(path) == unit


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        (f"/system.slice/docker-{ID}.scope", "docker 3f2a9c1b7d20"),
        (f"/docker/{ID}", "docker 3f2a9c1b7d20"),
        (f"{MANAGER}/user.slice/docker-{ID}.scope", "docker 3f2a9c1b7d20"),
        (f"/docker/buildkit/{ID}", "buildkit 3f2a9c1b7d20"),
        (f"/machine.slice/libpod-{ID}.scope", "podman 3f2a9c1b7d20"),
        (f"{MANAGER}/user.slice/libpod-{ID}.scope/container", "podman 3f2a9c1b7d20"),
        (f"/libpod_parent/libpod-{ID}", "podman 3f2a9c1b7d20"),
        (f"/machine.slice/libpod-conmon-{ID}.scope", "podman conmon 3f2a9c1b7d20"),
        (f"/system.slice/nerdctl-{ID}.scope", "containerd 3f2a9c1b7d20"),
        (f"/system.slice:cri-containerd:{ID}", "containerd 3f2a9c1b7d20"),
        (f"/ecs/0a1b/{ID}", "container 3f2a9c1b7d20"),
        (f"/{ID}", "container 3f2a9c1b7d20"),
        (f"/system.slice/docker-{ID}.scope/system.slice/cron.service", "docker 3f2a9c1b7d20/cron.service"),
        (f"/docker/{'a' * 64}/docker/{ID}", "docker 3f2a9c1b7d20"),
        ("/system.slice/docker.service", "docker.service"),
        ("/system.slice/docker-abc.scope", "docker-abc.scope"),
    ],
)
def test_containers(path: str, unit: str) -> None:
    assert unit_of(path) == unit


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        (f"{BURSTABLE}/cri-containerd-{ID}.scope", "pod 1b9c6c0a/3f2a9c1b7d20"),
        (f"{BURSTABLE}/crio-{ID}.scope", "pod 1b9c6c0a/3f2a9c1b7d20"),
        (f"{BURSTABLE}/docker-{ID}.scope", "pod 1b9c6c0a/3f2a9c1b7d20"),
        (f"{KIND}/cri-containerd-{ID}.scope", "pod 1b9c6c0a/3f2a9c1b7d20"),
        (f"/docker/{'a' * 64}{BURSTABLE}/crio-{ID}.scope", "pod 1b9c6c0a/3f2a9c1b7d20"),
        (f"/kubepods/burstable/pod{POD}/{ID}", "pod 1b9c6c0a/3f2a9c1b7d20"),
        (
            f"/system.slice/containerd.service/kubepods-pod{SYSTEMD_POD}.slice:cri-containerd:{ID}",
            "pod 1b9c6c0a/3f2a9c1b7d20",
        ),
        (f"{STATIC_POD}/cri-containerd-{ID}.scope", "pod 187bff14/3f2a9c1b7d20"),
        (BURSTABLE, "pod 1b9c6c0a"),
        ("/kubepods.slice", "kubepods.slice"),
    ],
)
def test_pods(path: str, unit: str) -> None:
    assert unit_of(path) == unit


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/lxc.payload.web1", "lxc web1"),
        ("/lxc.payload.web1/system.slice/nginx.service", "lxc web1/nginx.service"),
        ("/lxc/101/ns/system.slice/cron.service", "lxc 101/cron.service"),
        ("/lxc.monitor.web1", "lxc monitor web1"),
        ("/machine.slice/systemd-nspawn@deb.service/payload/system.slice/a.service", "nspawn deb/a.service"),
        ("/machine.slice/machine-deb\\x2d12.scope/init.scope", "machine deb-12/init.scope"),
        ("/machine.slice/machine-qemu\\x2d3\\x2ddb\\x2d1.scope/libvirt/emulator", "vm db-1"),
    ],
)
def test_machines(path: str, unit: str) -> None:
    assert unit_of(path) == unit


def test_no_control_character_comes_through() -> None:
    assert unit_of("/a/\x1b[2Jevil.service") == "?[2Jevil.service"
    assert unit_of("/machine.slice/machine-\\x1b\\x07.scope") == "machine ??"
    assert shown_path("/a\nb/\udcff") == "/a?b/?"


def test_of_a_long_path_the_end_is_kept() -> None:
    path = shown_path(f"/{'deep/' * 800}nginx.service")
    assert len(path) == 512
    assert path.startswith("...")
    assert unit_of(path) == "nginx.service"
    assert len(unit_of(f"/{'x' * 255}.service")) == 64


@given(st.text(st.characters(), max_size=600))
def test_any_path_has_a_short_printable_name(path: str) -> None:
    name = unit_of(shown_path(path))
    assert len(name) <= 64
    assert printable(name) == name

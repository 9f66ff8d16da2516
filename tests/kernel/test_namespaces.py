"""Finding network namespaces, naming them, and entering them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.tenants import tenant
from twtop.errors import UsageError
from twtop.kernel.host import in_initial_namespace
from twtop.kernel.namespaces import listing
from twtop.kernel.namespaces.choice import choose_namespace
from twtop.kernel.namespaces.held import HeldNamespace
from twtop.kernel.namespaces.listing import (
    Namespace,
    find_namespaces,
    is_there,
    namespace_of,
    own_namespace,
    process_in,
)
from twtop.lab.namespaces import NetworkNamespace

if TYPE_CHECKING:
    from collections.abc import Iterator

WEB = Namespace(4026532001, "web-1", ("cni-1", "4026532001"), (77, 78), "/run/netns/web-1", 5)
TWINS = tuple(Namespace(number, f"twin[{number}]", ("twin",)) for number in (1, 2))
KNOWN = (WEB, Namespace(4026532002, "web-2", ("4026532002",)), *TWINS)


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Iterator[NetworkNamespace]:
    request.getfixturevalue("namespaces")
    held = NetworkNamespace.create()
    yield held
    held.close()


def named(found: list[Namespace], number: int) -> Namespace:
    (one,) = [each for each in found if each.number == number]
    return one


def test_a_namespace_with_a_process_is_found_once(made: NetworkNamespace) -> None:
    with tenant(made) as first, tenant(made) as second:
        found = named(find_namespaces(), made.inode)
        assert set(found.pids) == {first, second}
        assert process_in(found) == min(first, second)
        assert str(made.inode) in found.names
        assert not found.own
        assert namespace_of(first, [found]) == found
        assert is_there(found)
    assert not is_there(found)
    assert not [each for each in find_namespaces() if each.number == made.inode]


def test_the_own_namespace_comes_first_and_has_one_name() -> None:
    found = find_namespaces()
    own = own_namespace()
    assert found[0].own
    assert (found[0].number, found[0].files) == (own.number, own.files)
    assert [each.own for each in found].count(True) == 1
    assert (own.name == "host") == in_initial_namespace()
    assert len({each.name for each in found}) == len(found)


def test_inside_another_namespace_that_is_the_own_one(made: NetworkNamespace) -> None:
    with made.entered():
        own = find_namespaces()[0]
    assert own.own
    assert own.number == made.inode
    assert own.name != "host"


LIST = """
import sys
from pathlib import Path
from twtop.kernel.namespaces.listing import find_namespaces
for each in find_namespaces(folders=[Path(sys.argv[1])]):
    print(each.number, each.name, each.path, *each.names, sep="|")
"""


def test_kept_by_name_as_ip_netns_does(made: NetworkNamespace, tmp_path: Path) -> None:
    for name in ("web", "other"):
        (tmp_path / name).touch()
    bind_and_list = 'mount --bind "$1" "$2/web" && exec "$3" -c "$4" "$2"'
    given = (f"/proc/self/fd/{made.fd}", str(tmp_path), sys.executable, LIST)
    ran = subprocess.run(
        # The mount is private to the shell.
        ["unshare", "--mount", "sh", "-c", bind_and_list, "sh", *given],
        pass_fds=[made.fd],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode and "Traceback" not in ran.stderr:
        pytest.skip(f"no private mount namespace: {ran.stderr.strip()}")
    # What is only a file there is left out.
    assert f"{made.inode}|web|{tmp_path}/web|web|{made.inode}" in ran.stdout.splitlines()
    assert "other" not in ran.stdout


def test_names_that_engines_make_up_come_after_that_of_a_process() -> None:
    draft = listing._Draft(files=1, mounted=("cni-0c2a43d1-11aa-4b5c-8e0f-0123456789ab",))
    assert listing._named(draft).name == draft.mounted[0]
    draft.pids = (os.getpid(),)
    comm = Path("/proc/self/comm").read_text().strip()
    name = listing._named(draft).name
    assert name == f"{comm}[{os.getpid()}]" or "[" not in name
    assert name != draft.mounted[0]
    draft.mounted += ("web",)
    assert listing._named(draft).name == "web"


def test_twins_are_told_apart() -> None:
    twins = [replace(WEB, number=number, pids=pids) for number, pids in ((1, (7, 8)), (2, ()))]
    assert [each.name for each in listing._distinct(twins)] == ["web-1[7]", "web-1[2]"]


def test_a_hostile_name_of_a_process_reaches_nobody(made: NetworkNamespace, tmp_path: Path) -> None:
    evil = tmp_path / "a\x1b[31mb"
    evil.symlink_to("/bin/sleep")
    with made.entered():
        process = subprocess.Popen([evil, "600"])
    try:
        name = named(find_namespaces(), made.inode).name
    finally:
        process.kill()
        process.wait()
    assert name.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"), [("web-1", WEB), ("cni-1", WEB), ("4026532001", WEB), ("web-2", KNOWN[1])]
)
def test_a_name_or_a_number(text: str, expected: Namespace) -> None:
    assert choose_namespace(text, KNOWN) is expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("3f2a9c1b7d20", "docker 3f2a9c1b7d20"),
        (f"3f2a9c1b7d20{52 * 'a'}", "docker 3f2a9c1b7d20"),
        ("1b9c6c0a-1111-2222-3333-444455556666", "pod 1b9c6c0a"),
        ("web", "lxc web"),
        ("nginx", "nginx[77]"),
    ],
)
def test_a_container_by_its_id_and_a_process_by_its_name(text: str, name: str) -> None:
    names = ("docker 3f2a9c1b7d20", "pod 1b9c6c0a", "nginx[77]", "lxc web")
    found = [replace(WEB, name=each, names=()) for each in names]
    assert choose_namespace(text, found).name == name
    for other in ("3f2a", "docker", "web1", "lxc web1"):
        with pytest.raises(UsageError, match="there is no network namespace"):
            choose_namespace(other, found)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("web-3", "there is no network namespace 'web-3'; there are web-2, web-1 and 2 more, and all"),
        ("zzz", "there is no network namespace 'zzz'; there are web-1, web-2, twin[1], twin[2], and all"),
        ("a\x1b[1m", "there is no network namespace 'a?[1m'; there are"),
        ("twin", "'twin' may be any of twin[1], twin[2]"),
        ("4194305", "there is no process 4194305"),
        ("/no/such/file", "cannot open /no/such/file: no such file or directory"),
        ("/dev/null", "/dev/null is not a network namespace"),
        ("/etc", "/etc is not a network namespace"),
        ("/etc/hostname", "/etc/hostname is not a network namespace"),
        ("/proc/self/ns/mnt", "/proc/self/ns/mnt is not a network namespace"),
        ("/proc/4194305/ns/net", "there is no process 4194305"),
    ],
)
def test_what_is_none_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=r"^--netns: ") as raised:
        choose_namespace(text, KNOWN)
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_process_and_a_path(made: NetworkNamespace) -> None:
    with tenant(made) as pid:
        for text in (str(pid), f"/proc/{pid}/ns/net", f"/proc/self/fd/{made.fd}"):
            assert choose_namespace(text).number == made.inode, text


def test_a_path_to_what_cannot_be_found(made: NetworkNamespace) -> None:
    path = f"/proc/self/fd/{made.fd}"
    assert choose_namespace(path) == Namespace(made.inode, path, (str(made.inode),), path=path)


def test_who_enters_comes_back(made: NetworkNamespace) -> None:
    before = HeldNamespace.current()
    with made.entered():
        inside = HeldNamespace.current()
    after = HeldNamespace.current()
    assert inside.inode == made.inode
    assert after.inode == before.inode != made.inode
    for held in (before, inside, after):
        held.close()

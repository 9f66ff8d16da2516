"""The man page, written from the definition of the command line: twtop(1) for man(7) of groff and mandoc.

It imports nothing heavy: the wheel's build writes it, too, where no dependency is installed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twtop.packaging.roff import bold, entry, escaped, filled, italic, section, subsection, verbatim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twtop.packaging.definition import Argument, Command

_EXAMPLES: Final = "examples:"
_STATUS: Final = "exit status:"
_COMMANDS: Final = "commands, "
_TERM: Final = re.compile(r"([A-Z]+) {2,}(.*)")

FILES: Final = (
    ("~/.config/twtop/config.toml", "Options of the screen; twtop config prints one to start from."),
    ("~/.config/twtop/names", "What you call addresses and networks: a line each, the longest prefix wins."),
    ("/etc/services", "Names of ports."),
    ("/run/netns, /var/run/docker/netns", "Network namespaces that have a name."),
    ("/proc/net/tcp, /proc/net/tcp6", "Read where netlink is forbidden."),
)
ENVIRONMENT: Final = (
    ("HOME, XDG_CONFIG_HOME", "Where the files of a user are."),
    ("NO_COLOR", "No colours, whatever its value is."),
    ("TERM", "What the terminal can do: linux, dumb, vt100 and vt220 get only what they have."),
    ("LC_ALL, LC_CTYPE, LANG", "UTF-8, or plain ASCII on the screen."),
    ("COLUMNS", "How wide to write where the output is no terminal."),
    ("ESCDELAY", "Milliseconds to wait for the rest of what begins with ESC; 25 if it is not set."),
    ("OPENBLAS_NUM_THREADS", "Set to 1, if it is not set: there is no linear algebra here."),
    ("SSH_CONNECTION, SSH_CLIENT", "Which connection twtop is used over."),
    ("SUDO_USER", "Who closed sockets, beside the uid, in the system log."),
    ("NOTIFY_SOCKET", "Whom twtop record tells that it records: sd_notify(3)."),
    ("TWTOP_DEBUG", "If it is set, a traceback where the screen ends by a fault."),
    ("PEX_ROOT", "Where a single-file twtop.pyz unpacks itself; ~/.cache/pex if it is not set."),
)
SEE_ALSO: Final = (("ss", 8), ("tcp", 7), ("sock_diag", 7), ("ip-netns", 8), ("netstat", 8))


def manual(commands: Mapping[str, Command], version: str, released: str) -> str:
    """Return the page; the same for the same twtop. ``released`` is the date of the version, as ISO 8601."""
    return "".join(f"{line}\n" for line in _page(commands, version, released))


def _page(commands: Mapping[str, Command], version: str, released: str) -> Iterator[str]:
    screen, *others = commands.values()
    seen = {_status(screen)}
    yield f'.TH TWTOP 1 {released} "twtop {escaped(version)}" "User Commands"'
    # Names of options and their values stay whole.
    yield from (".nh", ".ad l")
    yield section("NAME")
    yield rf"twtop \- {escaped(screen.summary.partition(':')[0])}"
    yield section("SYNOPSIS")
    yield f"{bold('twtop')} [{italic('OPTION')} ...]"
    yield ".br"
    yield f"{bold('twtop')} {italic('COMMAND')} [{italic('ARGUMENT')} ...]"
    yield section("DESCRIPTION")
    yield from _paragraphs(screen.description)
    yield section("OPTIONS")
    yield from _arguments(screen)
    yield section("VALUES")
    yield from _values(screen, seen)
    yield section("COMMANDS")
    for command in others:
        yield from _command(command, seen)
    yield section("EXIT STATUS")
    yield from _paragraphs(_status(screen))
    for title, entries in (("FILES", FILES), ("ENVIRONMENT", ENVIRONMENT)):
        yield section(title)
        for name, text in entries:
            yield from entry(bold(name), text)
    yield section("EXAMPLES")
    yield from verbatim(example for command in commands.values() for example in _examples(command))
    yield section("SEE ALSO")
    yield ",\n".join(f".BR {escaped(name)} ({number})" for name, number in SEE_ALSO).replace(",\n", " ,\n")


def _command(command: Command, seen: set[str]) -> Iterator[str]:
    yield subsection(command.prog)
    yield from filled(command.usage.removeprefix("usage: "))
    yield ".PP"
    yield from _paragraphs(command.description)
    yield from _arguments(command)
    yield from _values(command, seen)
    status = _status(command)
    if status and status not in seen:
        yield ".PP"
        yield from filled(f"Exit status: {status}")


def _paragraphs(text: str) -> Iterator[str]:
    """Yield paragraphs; the list of commands is left out, which have a section of their own."""
    shown = [each for each in text.strip().split("\n\n") if not each.startswith(_COMMANDS)]
    for number, paragraph in enumerate(shown):
        if number:
            yield ".PP"
        yield from filled(" ".join(paragraph.split()))


def _arguments(command: Command) -> Iterator[str]:
    for argument in (*command.words, *command.options):
        yield from entry(_term(argument), _sentence(argument.about))


def _term(argument: Argument) -> str:
    value = f"[{italic(argument.value)}]" if argument.optional else italic(argument.value)
    if argument.repeated:
        value = f"{value} ..."
    if not argument.flags:
        return value
    flags = ", ".join(map(bold, argument.flags))
    return f"{flags} {value}" if argument.value else flags


def _values(command: Command, seen: set[str]) -> Iterator[str]:
    """Yield what values mean, unless it was said of another command already."""
    for paragraph in _others(command):
        terms = list(_terms(paragraph))
        for term, text in terms:
            if f"{term} {text}" not in seen:
                seen.add(f"{term} {text}")
                yield from entry(italic(term), _sentence(text))
        if not terms:
            yield ".PP"
            yield from filled(" ".join(paragraph.split()))


def _terms(paragraph: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of a paragraph whose lines begin with a term, or go on indented."""
    found: list[list[str]] = []
    for line in paragraph.splitlines():
        if term := _TERM.fullmatch(line):
            found.append([term[1], term[2]])
        elif found:
            found[-1].append(line.strip())
    return ((term, " ".join(lines)) for term, *lines in found)


def _others(command: Command) -> list[str]:
    return [each for each in _epilog(command) if not each.startswith((_EXAMPLES, _STATUS))]


def _status(command: Command) -> str:
    return " ".join(
        each.removeprefix(_STATUS).strip() for each in _epilog(command) if each.startswith(_STATUS)
    )


def _examples(command: Command) -> Iterator[str]:
    for paragraph in _epilog(command):
        if paragraph.startswith(_EXAMPLES):
            yield from (line.strip() for line in paragraph.splitlines()[1:])


def _epilog(command: Command) -> Iterable[str]:
    return filter(None, command.epilog.strip().split("\n\n"))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""

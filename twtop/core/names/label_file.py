"""The file of labels: what a line may say, and what is wrong with one that cannot be understood."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final

from twtop.core.names.labels import Labels, Network, span_of
from twtop.core.text import printable
from twtop.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.names.labels import Span

MOST_BYTES: Final = 1_000_000
MOST_LINES: Final = 10_000
MOST_NETWORKS: Final = 10_000
LONGEST_LABEL: Final = 40
"""Characters of a label: what a line of the table has room for."""

_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_LINE: Final = re.compile(r"([^\s,]+(?:\s*,\s*[^\s,]+)*)(?:\s+(.*))?")
_NOT_IN_FILTERS: Final = re.compile(r'["*]')
_EXAMPLE: Final = "10.0.0.0/8, 2001:db8::5  our database"
_QUOTED: Final = 50
"""Characters of a wrong word that are repeated."""


def read_labels(data: bytes, file: str) -> Labels:
    """Read lines of ``network-or-address[, ...]  label words  # comment``; ``file`` is its name in errors.

    Raises:
        UsageError: the file is too large, or a line is wrong: which, why, and what would be right.
    """
    if len(data) > MOST_BYTES:
        raise UsageError(f"{file}: larger than {MOST_BYTES:,} bytes; leave out what is not looked at")
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    if len(lines) > MOST_LINES:
        raise UsageError(f"{file}: {len(lines):,} lines; {MOST_LINES:,} are possible")
    named: dict[Span, tuple[Network, str, int]] = {}
    for number, line in enumerate(lines, 1):
        try:
            for network, label in _read_line(line):
                span = span_of(network)
                if span in named:
                    raise ValueError(f"{network} has a label on line {named[span][2]} already; write it once")
                named[span] = network, label, number
            if len(named) > MOST_NETWORKS:
                raise ValueError(f"more than {MOST_NETWORKS:,} networks; write larger ones")
        except ValueError as error:
            raise UsageError(f"{file}, line {number}: {error}") from None
    return Labels.of((network, label) for network, label, _ in named.values())


def _read_line(line: bytes) -> Iterator[tuple[Network, str]]:
    """Yield the networks of a line with its label; raises ValueError."""
    try:
        text = _COMMENT.sub("", line.decode()).strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
    if not text:
        return
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError(f"a comma stands where an address should; write for example {_EXAMPLE!r}")
    networks = [_network(word) for word in re.split(r"\s*,\s*", match[1])]
    label = " ".join(printable(match[2] or "").split())
    if not label:
        raise ValueError(f"no label behind {_quoted(match[1])}; write for example {_EXAMPLE!r}")
    if wrong := _NOT_IN_FILTERS.search(label):
        raise ValueError(f"a label has no {wrong[0]!r}: no filter could tell it; leave it out")
    if len(label) > LONGEST_LABEL:
        raise ValueError(f"the label has {len(label):,} characters; {LONGEST_LABEL} are possible")
    yield from ((network, label) for network in networks)


def _network(word: str) -> Network:
    """Read an address or a network; a mapped one is the IPv4 one that it means."""
    bare, slash, _ = word.partition("/")
    if "%" in bare:
        zoneless = f"{bare.partition('%')[0]}{word[len(bare) :]}"
        raise ValueError(f"write {_quoted(word)} without its zone: {printable(zoneless)[:_QUOTED]}")
    if bare.startswith("[") and bare.endswith("]"):
        word = f"{bare[1:-1]}{word[len(bare) :]}"
    try:
        network = ip_network(word, strict=False)
    except ValueError:
        raise ValueError(
            f"{_quoted(word)} is no address or network; write one as 10.0.0.5, 10.0.0.0/8 or 2001:db8::/32"
        ) from None
    if slash and not _is_exact(word):
        raise ValueError(f"{word} has bits beyond its prefix; write {network} or {word.partition('/')[0]}")
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return IPv4Network((mapped, network.prefixlen - 96)) if mapped and network.prefixlen >= 96 else network


def _is_exact(word: str) -> bool:
    try:
        ip_network(word)
    except ValueError:
        return False
    return True


def _quoted(word: str) -> str:
    return repr(printable(word[:_QUOTED]))

"""Pseudonyms in place of addresses, for a screen that others look at."""

from __future__ import annotations

import re
from hashlib import shake_256
from ipaddress import ip_address
from typing import Final

_LETTERS: Final = "ghjkmnpqrstvwxyz"
"""What stands for digits. None of them is one: no pseudonym is an address, and none is masked again."""
_MOST_KNOWN: Final = 50_000
_ATTEMPTS: Final = 100

_CUT: Final = "[…~]"
"""What shows that a text was cut (`twtop.core.signs`)."""
_ADDRESS: Final = re.compile(
    rf"""
    (?<![\w.]) (?:
        [0-9]{{1,3}} (?: \.[0-9]{{1,3}} ){{3}} (?! \w | \.[0-9] )
      | [0-9]{{1,3}} \. (?: [0-9]{{1,3}}\. ){{0,2}} [0-9]{{0,3}} (?= {_CUT} )
    )
    | (?<![\w.:]) (?:
        [0-9A-Fa-f]{{0,4}} (?: :[0-9A-Fa-f]{{0,4}} ){{2,8}} (?! [\w:] | \.[0-9] )
      | [0-9A-Fa-f]{{1,4}} : (?: [0-9A-Fa-f]{{0,4}}: ){{0,7}} [0-9A-Fa-f]{{0,4}} (?= {_CUT} )
    )
    | (?<=\[) [0-9A-Fa-f]{{1,4}} (?= {_CUT} )
    """,
    re.VERBOSE,
)
"""Whole IPv4 addresses, the beginnings of such that were cut, and the same of IPv6."""
_FRAGMENT: Final = re.compile(
    r"""
    [0-9]{1,3} (?: \.[0-9]{0,3} )+
    | [0-9A-Fa-f]{0,4} (?: :[0-9A-Fa-f]{0,4} ){2,}
    | (?<![\w.:]) [0-9A-Fa-f]{3,4} : [0-9A-Fa-f]{0,4}
    """,
    re.VERBOSE,
)
"""What may be part of an address; with one colon only what is no clock, nor a short name and its port."""
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}")
_DIGIT: Final = re.compile("[0-9A-Fa-f]")
_OF_NAME: Final = re.compile(r"[^.\s-]")


class Mask:
    """Replaces addresses in any text by pseudonyms of the same width; for one thread.

    The same address has the same pseudonym as long as the mask is kept, and no other has it. Ports, prefix
    lengths, loopback and wildcard addresses stay. Of an address that was cut, what is left is masked.
    """

    def __init__(self, secret: bytes) -> None:
        """``secret``: bytes that nobody can guess."""
        self._secret = secret
        self._known: dict[str, str] = {}
        self._taken: set[str] = set()

    def masked(self, text: str) -> str:
        """Return a text, as long as it was, with no address in it."""
        return _ADDRESS.sub(self._replacement, text)

    def masked_typed(self, text: str) -> str:
        """Return a text that somebody types, as long as it was, with no part of an address in it."""
        return _FRAGMENT.sub(self._replacement, text)

    def name(self, name: str) -> str:
        """Return a pseudonym for the name of a host, as long as it is; its dots and hyphens stay."""
        return self._pseudonym(name, _OF_NAME)

    def _replacement(self, match: re.Match[str]) -> str:
        found = match[0]
        return found if _is_readable(found) else self._pseudonym(found.lower(), _DIGIT)

    def _pseudonym(self, text: str, hidden: re.Pattern[str]) -> str:
        if text not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                # Who comes back gets the same one again, unless it had to make way for another's.
                self._known.clear()
                self._taken.clear()
            self._known[text] = self._new(text, hidden)
            self._taken.add(self._known[text])
        return self._known[text]

    def _new(self, text: str, hidden: re.Pattern[str]) -> str:
        """Make a pseudonym that nobody has; a very short text has only few, and may have to share one."""
        pseudonym = ""
        for attempt in range(_ATTEMPTS):
            seed = b"%b %d %b" % (self._secret, attempt, text.encode("utf-8", "replace"))
            letters = (_LETTERS[number % len(_LETTERS)] for number in shake_256(seed).digest(len(text)))
            pseudonym = "".join(
                letter if hidden.match(own) else own for own, letter in zip(text, letters, strict=True)
            )
            if pseudonym not in self._taken:
                break
        return pseudonym


def _is_readable(text: str) -> bool:
    """Tell what says nothing about anybody: loopback, wildcards, and what is the time of day."""
    try:
        address = ip_address(text)
    except ValueError:
        return bool(_CLOCK.fullmatch(text))
    return address.is_loopback or address.is_unspecified

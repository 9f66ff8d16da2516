"""The words and signs of a filter, each with its place in the text; quotation marks make one word of many."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r'"[^"]*"?|&&?|\|\|?|[!<>]=?|==?|[()]|[^\s&|!<>=()"]+')

WORD: Final = "word"
END: Final = "end"

MEANINGS: Final[dict[str, str]] = {
    spelling: meaning
    for meaning, spellings in {
        "and": "and & &&",
        "or": "or | ||",
        "not": "not !",
        "(": "(",
        ")": ")",
        "=": "= == eq",
        "!=": "!= ne neq",
        "<": "< lt",
        "<=": "<= le leq",
        ">": "> gt",
        ">=": ">= ge geq",
    }.items()
    for spelling in spellings.split()
}
"""Every operator by every spelling that ``ss`` knows (misc/ssfilter.y)."""

COMPARISONS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign, and the column where it starts."""

    text: str
    position: int
    meaning: str
    """The operator in its plainest spelling, ``word``, or ``end`` behind the last token."""

    @property
    def lower(self) -> str:
        """The text in lower case: the language does not mind the case of its words."""
        return self.text.lower()


def tokens(text: str) -> list[Token]:
    """Split a filter; unlike in ``ss`` no blanks are needed around operators and parentheses."""
    found = [
        Token(match[0], match.start(), MEANINGS.get(match[0].lower(), WORD))
        for match in _TOKEN.finditer(text)
    ]
    return [*found, Token("", len(text), END)]


def quoted(text: str) -> str:
    """Write a text, which holds no quotation mark, as one word."""
    words = tokens(text)
    is_word = len(words) == 2 and words[0].meaning is WORD and words[0].text == text and "," not in text
    return text if is_word else f'"{text}"'

"""Completion of the command line, for shells: which words could stand under the cursor.

The shells' scripts (``scripts/``) only ask this, so all shells offer the same, and a script that was copied
somewhere is never older than the program. They give every word as it was typed.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.packaging.values import FILES, FILTER, LISTS, NAMESPACE, Asked, Offer, offers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twtop.packaging.definition import Argument, Command

SHELLS: Final = ("bash", "zsh", "fish")
_QUOTES: Final = ("'", '"')


class Answer(NamedTuple):
    """What could stand under the cursor."""

    offers: tuple[Offer, ...] = ()
    files: bool = False
    """Whether names of files could, which the shell knows best."""


def script(shell: str) -> str:
    """Return what a shell reads to complete twtop; ``shell`` is one of SHELLS."""
    from importlib.resources import files

    return (files("twtop.packaging") / "scripts" / f"twtop.{shell}").read_text(encoding="utf-8")


def for_shell(shell: str, answer: Answer) -> str:
    r"""Write an answer for a script: a line ``files`` or ``words``, then ``word\tabout`` for each word.

    bash takes no descriptions, and puts words on the line as they are.
    """
    first = "files" if answer.files else "words"
    described = (
        offer.word if shell == "bash" else f"{offer.word}\t{' '.join(offer.about.split())}"
        for offer in answer.offers
    )
    return "".join(f"{line}\n" for line in (first, *described))


def typed(shell: str, lines: str) -> list[str]:
    """Return the words after the program's name, the last one up to the cursor; a line end is before each.

    bash makes three words of ``--by=state``, and of ``--by=`` two.
    """
    words = lines.split("\n")[1:] or [""]
    if shell != "bash":
        return words
    joined: list[str] = []
    for word in words:
        if word == "=" and joined and joined[-1].startswith("--"):
            joined[-1] += "="
        elif joined and joined[-1].startswith("--") and joined[-1].endswith("="):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def complete(commands: Mapping[str, Command], words: Sequence[str], shell: str) -> Answer:
    """Return what could stand for the last of some words; ``commands`` has twtop without one under ``""``."""
    *before, word = words
    name = before[0] if before and before[0] in commands else ""
    line = _Line(commands[name])
    for each in before[1:] if name else before:
        line = line.after(_unquoted(each))
    if not before and not word.startswith("-"):
        return _fitting(
            (Offer(each.name, each.summary) for each in commands.values() if each.name), word, shell
        )
    return line.complete(word, shell)


@dataclass(frozen=True, slots=True)
class _Line:
    """A command and what was said to it so far."""

    command: Command
    place: int = 0
    """How many words were given that are no options."""
    pending: Argument | None = None
    """The option whose value comes next."""
    only_words: bool = False
    """Whether ``--`` ended the options."""
    given: frozenset[str] = frozenset()

    def after(self, word: str) -> _Line:
        """Return what comes after one more word."""
        if self.pending is not None and not (self.pending.optional and word.startswith("-")):
            return replace(self, pending=None)
        if self.only_words or not word.startswith("-") or word == "-":
            return replace(self, place=self.place + 1, pending=None)
        if word == "--":
            return replace(self, only_words=True, pending=None)
        flag, assigned, _ = word.partition("=")
        option = self._option(flag)
        if option is None:
            return replace(self, pending=None)
        pending = option if option.value and not assigned else None
        return replace(self, pending=pending, given=self.given | set(option.flags))

    def complete(self, word: str, shell: str) -> Answer:
        """Return what could come now."""
        if self.pending is not None and not (self.pending.optional and word.startswith("-")):
            return _values(self.command.name, self.pending, word, shell)
        if word.startswith("-") and not self.only_words:
            return self._assigned(word, shell) if "=" in word else self._flags(word, shell)
        argument = self._word()
        if argument is not None:
            return _values(self.command.name, argument, word, shell)
        return Answer() if word or self.only_words else self._flags(word, shell)

    def _assigned(self, word: str, shell: str) -> Answer:
        flag, _, value = word.partition("=")
        option = self._option(flag)
        if option is None or not option.value:
            return Answer()
        answer = _values(self.command.name, option, value, shell)
        if shell == "bash":
            # For bash it is a word of its own.
            return answer
        return answer._replace(
            offers=tuple(Offer(f"{flag}={offer.word}", offer.about) for offer in answer.offers)
        )

    def _flags(self, word: str, shell: str) -> Answer:
        there = (
            Offer(flag, option.about)
            for option in self.command.options
            if not self.given.intersection(option.flags)
            for flag in option.flags
            # A short one is offered only where it is asked for.
            if flag.startswith("--") or word == "-"
        )
        return _fitting(there, word, shell)

    def _option(self, flag: str) -> Argument | None:
        return next((option for option in self.command.options if flag in option.flags), None)

    def _word(self) -> Argument | None:
        words = self.command.words
        if self.place < len(words):
            return words[self.place]
        return words[-1] if words and words[-1].repeated else None


def _values(command: str, argument: Argument, word: str, shell: str) -> Answer:
    """Return the values of an argument that go on from what is there."""
    if argument.choices:
        return _fitting(map(Offer, argument.choices), word, shell)
    value = argument.value
    if value in FILES or (value == NAMESPACE and "/" in word):
        return Answer(files=True)
    there = offers(value, Asked(command, word))
    if value in LISTS:
        return _fitting(_listed(there, _unquoted(word)), word, shell)
    if value == FILTER:
        return _fitting(_in_filter(there, _unquoted(word)), word, shell)
    return _fitting(there, word, shell)


def _listed(there: Iterable[Offer], word: str) -> list[Offer]:
    """Put before every name those that are there already, and offer none of these again."""
    *chosen, _ = word.split(",")
    before = "".join(f"{name}," for name in chosen)
    return [Offer(before + offer.word, offer.about) for offer in there if offer.word not in chosen]


def _in_filter(there: Iterable[Offer], word: str) -> list[Offer]:
    """Put before every word of a filter what is before its last word."""
    before = word[: max(word.rfind(" "), word.rfind("(")) + 1]
    return [Offer(before + offer.word, offer.about) for offer in there]


def _fitting(there: Iterable[Offer], word: str, shell: str) -> Answer:
    """Keep what begins as the word does; bash gets it quoted, where no open quotation mark does that."""
    begun = _unquoted(word)
    fitting = tuple(offer for offer in there if offer.word.startswith(begun))
    if shell == "bash" and not word.startswith(_QUOTES):
        fitting = tuple(Offer(shlex.quote(offer.word), offer.about) for offer in fitting)
    return Answer(fitting)


def _unquoted(word: str) -> str:
    """Return what a word means to the shell, its last quotation mark still open or not."""
    for closing in ("", *_QUOTES):
        with suppress(ValueError):
            # What is a comment or a list of commands to a shell is none here.
            lexer = shlex.shlex(word + closing, posix=True)
            lexer.whitespace, lexer.commenters, lexer.whitespace_split = "", "", True
            return "".join(lexer)
    return word

"""Figures with their targets beside them."""

from __future__ import annotations

import os
import platform
from typing import NamedTuple, Self


class Target(NamedTuple):
    """What a figure shall be."""

    limit: float
    at_least: bool = False

    def judge(self, value: float) -> str:
        sign = ">=" if self.at_least else "<="
        met = value >= self.limit if self.at_least else value <= self.limit
        return f"target {sign} {self.limit:g}: {'met' if met else 'missed'}"


class Figure(NamedTuple):
    """One line of a report."""

    name: str
    text: str
    verdict: str = ""

    @classmethod
    def of(cls, name: str, value: float, unit: str, target: Target) -> Self:
        return cls(
            name, f"{value:,.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}", target.judge(value)
        )


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.1f} ms"


def show(title: str, figures: list[Figure]) -> None:
    """Print one table."""
    print(f"\n{title}")
    for figure in figures:
        print(f"  {figure.name:<46} {figure.text:>28}  {figure.verdict}".rstrip(), flush=True)


def where() -> str:
    """Say what the figures were measured on; they compare with others of the same machine only."""
    return f"Linux {platform.release()}, Python {platform.python_version()}, {os.cpu_count()} cores"

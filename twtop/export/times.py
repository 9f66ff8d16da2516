"""Instants as texts."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_text(wall_s: float) -> str:
    """Write a Unix time as ISO 8601 in UTC with milliseconds: ``2026-01-02T03:04:05.678Z``."""
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

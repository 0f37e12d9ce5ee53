"""Limits of an app: time and memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaunchLimits:
    """``startup`` and ``total`` in seconds, ``memory`` in bytes that all processes of the app use (Linux)."""

    startup: float = 10.0
    total: float = 120.0
    memory: int = 1 << 30

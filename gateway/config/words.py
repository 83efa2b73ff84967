"""Did you mean: the nearest valid word."""

from __future__ import annotations

from collections.abc import Iterable

CUTOFF = 0.6


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Give the valid word that looks most like the one written, None when none does."""
    from difflib import get_close_matches

    known = list(words)
    lowered = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(word.lower(), lowered, n=1, cutoff=CUTOFF)
    return lowered[found[0]] if found else None

"""Names of text encodings and time zones: which are there, and which was meant."""

from __future__ import annotations

import codecs
from difflib import get_close_matches

MEANT = {"kst": "Asia/Seoul", "korea": "Asia/Seoul", "seoul": "Asia/Seoul", "jst": "Asia/Tokyo",
         "+09:00": "Asia/Seoul", "utc+9": "Asia/Seoul", "gmt+9": "Asia/Seoul"}  # fmt: skip
ENCODINGS_MEANT = {"ansi": "cp949", "korean": "cp949", "ms949": "cp949", "ks_c_5601": "cp949",
                   "unicode": "utf-16", "utf8mb4": "utf-8"}  # fmt: skip
NO_PAYLOADS = {"idna", "punycode", "undefined"}
PROBE = "0"


def encoding_of(name: str) -> str | None:
    """Give Python's own name of a text encoding; None where there is none of that name."""
    try:
        found = codecs.lookup(name)
        fits = isinstance(PROBE.encode(name).decode(name), str)
    except (LookupError, ValueError, TypeError):  # ValueError: a name with a NUL, or no text
        return None
    return found.name if fits and found.name not in NO_PAYLOADS else None


def nearest_encoding(name: str) -> str:
    """Give the encoding that was most likely meant, or an empty text."""
    from encodings.aliases import aliases

    names = {*aliases, *(alias.replace("_", "-") for alias in aliases.values())}
    return ENCODINGS_MEANT.get(name.lower()) or _near(name, {n for n in names if encoding_of(n)})


def zone_there(name: str) -> bool:
    """Tell whether a time zone of this name is known on this PC or in the package tzdata."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        return False
    return True


def nearest_zone(name: str) -> str:
    """Give the zone that was most likely meant, or an empty text."""
    from zoneinfo import available_timezones

    return MEANT.get(name.lower().replace(" ", "")) or _near(name, available_timezones())


def _near(word: str, words: set[str]) -> str:
    lowered = {known.lower(): known for known in sorted(words)}
    tails = {known.rpartition("/")[2]: full for known, full in lowered.items() if "/" in known}
    for candidates in (lowered, tails):
        found = get_close_matches(word.lower(), candidates, n=1, cutoff=0.6)
        if found:
            return candidates[found[0]]
    return ""

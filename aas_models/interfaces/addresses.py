"""References in Asset Interfaces Descriptions: absolute hrefs, and paths as the keys of members."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PLAIN_STEP = re.compile(r"\.([^.\[\]'\"\s][^.\[\]]*)|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_PLAIN_NAME = re.compile(r"[^.\[\]'\"\s][^.\[\]]*")


def other_base(href: str, base: str) -> str | None:
    """Give the base of an absolute href where it is not this one."""
    if not _SCHEME.match(href.strip()):
        return None
    try:
        given, known = urlsplit(href.strip()), urlsplit(base)
    except ValueError:  # brackets that hold no IPv6 address
        return href.strip()
    if (given.scheme, given.netloc) == (known.scheme, known.netloc):
        return None
    return f"{given.scheme}://{given.netloc}"


def keys_of_path(path: str) -> tuple[str, ...] | None:
    """Give the member names of `$.a['b']`; None where a path does more than to name members."""
    keys: list[str] = []
    place = 1
    while place < len(path):
        step = _PLAIN_STEP.match(path, place)
        if step is None:
            return None
        keys.append(next(part for part in step.groups() if part is not None))
        place = step.end()
    return tuple(keys) if all(keys) and path_of_keys(keys) == path else None


def path_of_keys(keys: list[str] | tuple[str, ...]) -> str:
    """Give the path of member names, plainly written."""
    return "$" + "".join(_step(key) for key in keys)


def _step(key: str) -> str:
    if _PLAIN_NAME.fullmatch(key):
        return f".{key}"
    return f"['{key}']" if "'" not in key else f'["{key}"]'

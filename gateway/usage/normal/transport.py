"""What the way of a request tells about the solution, from what the receiver noted beside it."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.usage.rules.lints import Lint

NOTED = "lints"
"""The key in `Raw.extra` under which an intake may note lints of its own, separated by spaces."""

_KNOWN = frozenset(lint.value for lint in Lint)
_UTF8 = frozenset({"", "utf-8", "utf8", "utf_8", "ascii", "us-ascii", "utf-8-sig"})


def noticed_on_the_way(extra: Mapping[str, str]) -> list[str]:
    """Give the lints of an event's way: those that the intake noted, a browser's page, its charset.

    Of `extra` it knows `lints`, `origin` and `charset`.
    """
    found = [code for code in extra.get(NOTED, "").split() if code in _KNOWN]
    if extra.get("origin"):
        found.append(Lint.KEY_IN_PAGE.value)
    if extra.get("charset", "").strip().lower() not in _UTF8:
        found.append(Lint.NOT_UTF8.value)
    return found

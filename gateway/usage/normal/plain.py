"""Text that can be sent: composed letters, no control characters, whole characters when cut."""

from __future__ import annotations

import unicodedata

TEXT_MAX = 4_000
"""No field of the service needs more; what is longer is looked at up to here."""

PLACEHOLDERS = frozenset({"null", "undefined", "none", "nan", "nil", "dbnull", "n/a", "-"})
_JOINERS = frozenset("\u200c\u200d")


def plain_text(text: str | None) -> str:
    """Give text in composed form (NFC) with single spaces and nothing invisible; "" for None.

    Two spellings that look alike to a person become the same text.
    """
    if text is None:
        return ""
    head = text[:TEXT_MAX]
    if not (head.isascii() and head.isprintable()):
        head = "".join(map(_kept, unicodedata.normalize("NFC", head)))
    return " ".join(head.split())


def _kept(char: str) -> str:
    category = unicodedata.category(char)
    if category in {"Cc", "Cs"} or ord(char) & 0xFFFE == 0xFFFE:  # neither UTF-8 nor XML has them
        return " "
    return "" if category == "Cf" and char not in _JOINERS else char


def cut(text: str, length: int) -> str:
    """Give at most `length` characters; a letter is never parted from its marks."""
    if len(text) <= length:
        return text
    end = length
    while end > 0 and (
        unicodedata.combining(text[end]) or text[end] in "\u200d\ufe0f" or text[end - 1] == "\u200d"
    ):
        end -= 1
    return (text[:end].strip() or text[:length]).strip()


def is_placeholder(text: str) -> bool:
    """Tell whether a program wrote this where it had nothing to write."""
    return text.strip("()[]<>\"' ").casefold() in PLACEHOLDERS

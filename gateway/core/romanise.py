"""Makes ASCII names out of Korean ones, always the same one for the same name.

Syllable by syllable in the letters of the Revised Romanization (2000), without the sound changes
between syllables: what counts is that a name is stable and can be read.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from functools import lru_cache

_LETTERS = """
g kk n d tt r m b pp s ss - j jj ch k t p h
a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i
- k k k n n n t l k m l l l p l m p p t t ng t t k t p t
"""
INITIALS, VOWELS, FINALS = (line.split() for line in _LETTERS.strip().splitlines())
FIRST_SYLLABLE, SYLLABLES = 0xAC00, 11_172
ID_SHORT = re.compile(r"[A-Za-z][A-Za-z0-9_]*[A-Za-z0-9_]")
ID_SHORT_MAX = 64
_WORD = re.compile(r"[A-Za-z0-9]+|_+")


def syllable(char: str) -> str:
    """Write one Korean syllable in Latin letters; other characters come back as they are."""
    place = ord(char) - FIRST_SYLLABLE
    if not 0 <= place < SYLLABLES:
        return char
    initial, rest = divmod(place, len(VOWELS) * len(FINALS))
    vowel, final = divmod(rest, len(FINALS))
    return f"{INITIALS[initial]}{VOWELS[vowel]}{FINALS[final]}".replace("-", "")


def ascii_name(name: str) -> str:
    """Give an idShort for a name; a name that is one already stays."""
    if ID_SHORT.fullmatch(name) and len(name) <= ID_SHORT_MAX:
        return name
    latin = "".join(_latin(char) for char in unicodedata.normalize("NFC", name))
    parts = _WORD.findall(latin)
    made = "".join("_" if part[0] == "_" else part[0].upper() + part[1:] for part in parts)
    made = made.strip("_") or f"U{zlib.crc32(name.encode()):08X}"
    if not made[0].isalpha() or len(made) == 1:
        made = f"Tag{made}"
    if len(made) > ID_SHORT_MAX:
        made = with_suffix(made, name)
    return made


@lru_cache(4096)
def _latin(char: str) -> str:
    roman = syllable(char)
    if roman.isascii():
        return roman if roman.isalnum() or roman == "_" else " "
    plain = unicodedata.normalize("NFKD", roman).encode("ascii", "ignore").decode()
    if plain.isalnum():
        return plain
    return f"U{ord(char):04X}" if char.isalnum() else " "


def with_suffix(made: str, name: str) -> str:
    """Tell two names apart that look the same in Latin letters."""
    return f"{made[: ID_SHORT_MAX - 5]}_{zlib.crc32(name.encode()) & 0xFFFF:04x}"

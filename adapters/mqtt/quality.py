"""What a machine says of a value's quality, into a status code.

| said | taken as |
|---|---|
| nothing, `null` | Good |
| `true`, `"Good..."`, `"OK"`, 192-255 | Good (OPC DA 3.0 §6.8: two highest bits of the low byte) |
| `"Uncertain..."`, 64-191 | Uncertain |
| `false`, `"Bad..."`, 0-63, 256-65535 (`500`: stale) | Bad |
| 65536 and above, negative | an OPC UA StatusCode; kept whole (Part 4 §7.39) |
| anything else | Uncertain: nobody knows what it means |
"""

from __future__ import annotations

from typing import Any

from gateway.core.types import BAD, GOOD, SEVERITY_MASK, UNCERTAIN

DA_BAD_END, DA_UNCERTAIN_END, DA_END = 64, 192, 256
STATUS_CODES_BEGIN = 0x10000
CODES = 2**32
TEXT_MAX = 64
WORDS = {
    "ok": GOOD, "valid": GOOD, "true": GOOD, "normal": GOOD,
    "false": BAD, "invalid": BAD, "error": BAD, "stale": BAD, "fail": BAD, "failed": BAD,
}  # fmt: skip
STARTS = (("good", GOOD), ("bad", BAD), ("uncertain", UNCERTAIN))


def status_of(said: Any) -> int:
    """Give the status code of a quality; never raises."""
    if said is None:
        return GOOD
    if said is True or said is False:
        return GOOD if said else BAD
    if isinstance(said, str) and len(said) <= TEXT_MAX:
        return _from_text(said.strip().lower())
    if isinstance(said, int | float):
        return _from_number(said)
    return UNCERTAIN


def _from_text(word: str) -> int:
    if word.isascii() and word.isdigit():
        return _from_number(int(word))
    known = WORDS.get(word)
    if known is not None:
        return known
    return next((code for start, code in STARTS if word.startswith(start)), UNCERTAIN)


def _from_number(number: float) -> int:
    code = int(number) if number == number and abs(number) < CODES else -1  # noqa: PLR0124 - NaN is not equal to itself
    if code != number:
        return UNCERTAIN
    if code >= STATUS_CODES_BEGIN or code < 0:
        status = code % CODES
        return UNCERTAIN if status & SEVERITY_MASK == SEVERITY_MASK else status
    if code >= DA_END or code < DA_BAD_END:
        return BAD
    return UNCERTAIN if code < DA_UNCERTAIN_END else GOOD

"""Opening the usage ledger for a command, and which of it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from gateway.cli.answers import existing_data, fail, fail_unknown
from gateway.cli.options import EXIT_UNHEALTHY
from gateway.cli.screen import printable
from gateway.cli.usage_texts import TEXTS
from gateway.core.texts import Language

if TYPE_CHECKING:
    from gateway.core.errors import LedgerUnavailable
    from gateway.usage.ledger.read import Filter, View

FOLDER = "usage"


@contextmanager
def view_of(data: Path, lang: Language) -> Iterator[View]:
    """Open the ledger of a data folder; what keeps it shut ends the command with a sentence."""
    from gateway.core.errors import LedgerUnavailable
    from gateway.usage.ledger.read import looking

    existing_data(data, lang)
    try:
        with looking(data / FOLDER) as view:
            yield view
    except LedgerUnavailable as error:
        fail_unavailable(error, data, lang)


def fail_unavailable(error: LedgerUnavailable, data: Path, lang: Language) -> NoReturn:
    """End with what keeps the ledger shut."""
    text = TEXTS[lang].get(error.reason, TEXTS[lang]["unreadable"])
    fail(text.format(data=data, error=printable(error)), EXIT_UNHEALTHY)


def filter_of(day: str, state: str, delivery: str | None, lang: Language) -> Filter:
    """Check what was asked for."""
    from gateway.usage.ledger.days import start_of
    from gateway.usage.ledger.read import Filter
    from gateway.usage.model import State

    if state and state not in set(State):
        fail_unknown(TEXTS[lang]["state"].format(name=state), state, list(State), lang)
    if day:
        try:
            start_of(day)
        except ValueError:
            fail(TEXTS[lang]["day"].format(text=day))
    return Filter(day, day, state, delivery)

"""The help of every command in the language of the output.

Its texts stand in the commands, in English; the catalogue has the Korean ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.core.texts import N_, Language, translated

PACKAGE = __package__ or ""
HEADINGS = (
    N_("Usage:"),
    N_("Arguments:"),
    N_("Options:"),
    N_("Commands:"),
    N_("[OPTIONS]"),
    N_("COMMAND [ARGS]..."),
    N_("Show this message and exit."),
    N_("[default: "),
    N_("[required]"),
    N_("[env var: "),
)
"""What the library writes around the help texts."""


def texts_of(command: Any) -> Iterator[str]:
    """Give every help text of a command, its options and its subcommands."""
    yield (command.help or "").strip()
    for param in command.params:
        yield getattr(param, "help", None) or ""
    for each in getattr(command, "commands", {}).values():
        yield from texts_of(each)


def translate(command: Any, language: Language) -> None:
    """Put the help of a command, its options and its subcommands into a language."""
    command.help = translated(PACKAGE, language, (command.help or "").strip()) or command.help
    for param in command.params:
        if getattr(param, "help", None):
            param.help = translated(PACKAGE, language, param.help)
    for each in getattr(command, "commands", {}).values():
        translate(each, language)


def headings(text: str, language: Language) -> str:
    """Put the words of the frame around the help texts into a language."""
    for english in HEADINGS:
        text = text.replace(english, translated(PACKAGE, language, english))
    return text

"""`gateway explain CODE`: what a code or a reason means, without network."""

from __future__ import annotations

import string
from typing import Annotated

import typer

from gateway.cli.answers import fail_unknown
from gateway.cli.options import Lang, language
from gateway.core.texts import Language


def explain(
    code: Annotated[
        str, typer.Argument(help="Such as E1203, certificate-unknown, or `units`.")
    ] = "",
    lang: Lang = None,
) -> None:
    """Say what a code or reason means and what to do; `units` lists units; nothing lists all."""
    from gateway.config.catalogue import catalogue, codes, word

    tongue = language(lang)
    texts = catalogue(tongue)
    if code == "units":
        _units(word("units", tongue))
    elif not code:
        typer.echo(word("codes", tongue))
        for known in codes():
            typer.echo(f"  {known}  {_open(texts[known]['what'])}")
        _reasons(word("reasons", tongue), tongue)
    elif code.upper() in codes():
        entry = texts[code.upper()]
        typer.echo(f"{code.upper()}  {_open(entry['what'])}")
        for part in ("why", "fix"):
            typer.echo(f"  {word(part, tongue)}  {_open(entry[part])}")
    elif not _reason(code, tongue):
        every = [*codes(), *_known_reasons()]
        fail_unknown(word("unknown-code", tongue, code=code), code, every, tongue)


def _open(text: str) -> str:
    """Show placeholders as <name>: here nobody's own names are at hand."""
    return "".join(
        literal + (f"<{name}>" if name else "")
        for literal, name, _, _ in string.Formatter().parse(text)
    )


def _known_reasons() -> list[str]:
    from gateway.app.advice import known_reasons

    return list(dict.fromkeys(reason for found in known_reasons().values() for reason in found))


def _reasons(heading: str, lang: Language) -> None:
    from gateway.app.advice import known_reasons, title

    typer.echo("\n" + heading)
    for room, found in known_reasons().items():
        for reason, advice in found.items():
            typer.echo(f"  {reason}  [{title(room, lang)}]  {advice.what[lang]}")


def _reason(reason: str, lang: Language) -> bool:
    """Say what a reason means in each room that has it; False where none has."""
    from gateway.app.advice import ROOMS, book, title
    from gateway.config.catalogue import word

    found = {room: advice for room in ROOMS if (advice := book(room).advice_for(reason))}
    for room, advice in found.items():
        typer.echo(f"{reason}  [{title(room, lang)}]  {advice.what[lang]}")
        typer.echo(f"  {word('fix', lang)}  {advice.fix[lang]}")
        if advice.command:
            typer.echo(f"  {word('next', lang, command=advice.command_for())}")
    return bool(found)


def _units(title: str) -> None:
    from gateway.config.units import units

    typer.echo(title)
    spellings: dict[str, list[str]] = {}
    for spelling, unit in units().items():
        spellings.setdefault(unit.name, []).append(spelling)
    for name, others in spellings.items():
        typer.echo(f"  {name:<10} {'  '.join(other for other in others if other != name)}")

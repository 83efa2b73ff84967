"""`gateway explain CODE`: what a code means, without network."""

from __future__ import annotations

import string
from typing import Annotated

import typer

from gateway.cli.answers import fail_unknown
from gateway.cli.options import Lang, language


def explain(
    code: Annotated[str, typer.Argument(help="Such as E1203, or `units`.")] = "",
    lang: Lang = None,
) -> None:
    """Say what a code means and what to do; `units` lists the units; no code lists all codes."""
    from gateway.app.config.catalogue import catalogue, codes, word

    tongue = language(lang)
    texts = catalogue(tongue)
    if code == "units":
        _units(word("units", tongue))
    elif not code:
        typer.echo(word("codes", tongue))
        for known in codes():
            typer.echo(f"  {known}  {_open(texts[known]['what'])}")
    elif code.upper() in codes():
        entry = texts[code.upper()]
        typer.echo(f"{code.upper()}  {_open(entry['what'])}")
        for part in ("why", "fix"):
            typer.echo(f"  {word(part, tongue)}  {_open(entry[part])}")
    else:
        fail_unknown(word("unknown-code", tongue, code=code), code, codes(), tongue)


def _open(text: str) -> str:
    """Show placeholders as <name>: here nobody's own names are at hand."""
    return "".join(
        literal + (f"<{name}>" if name else "")
        for literal, name, _, _ in string.Formatter().parse(text)
    )


def _units(title: str) -> None:
    from gateway.app.config.units import units

    typer.echo(title)
    spellings: dict[str, list[str]] = {}
    for spelling, unit in units().items():
        spellings.setdefault(unit.name, []).append(spelling)
    for name, others in spellings.items():
        typer.echo(f"  {name:<10} {'  '.join(other for other in others if other != name)}")

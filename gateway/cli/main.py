"""The `gateway` command: the language first, then the one command that was called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_command_from_info, get_group
from typer.models import CommandInfo

from gateway.cli.commands import COMMANDS, Entry
from gateway.cli.options import Lang, language

LANG_OPTION = "--lang"
NO_COLOR_OPTION = "--no-color"


class Spoken:
    """Says its help in the language of the output."""

    def get_help(self, ctx: Any) -> str:
        """Give the help text."""
        tongue = language(None)
        if tongue == "en":
            return super().get_help(ctx)  # type: ignore[misc,no-any-return]  # a mixin's super
        from gateway.cli.help import headings, translate

        translate(self, tongue)
        return headings(super().get_help(ctx), tongue)  # type: ignore[misc]  # a mixin's super


class SpokenCommand(Spoken, TyperCommand):
    """A command."""


class SpokenGroup(Spoken, TyperGroup):
    """A group of commands."""


class Commands(SpokenGroup):
    """Imports a command when it is called; help and suggestions know only the names."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        known = {name: TyperCommand(name, help=each.text) for name, each in COMMANDS.items()}
        self.commands = {**self.commands, **known}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put the real command in place of its line."""
        entry = COMMANDS.get(args[0])
        if entry is not None:
            self.commands[args[0]] = loaded(args[0], entry)
        return super().resolve_command(ctx, args)


def loaded(name: str, entry: Entry) -> Any:
    """Import a command or a group of them."""
    member = getattr(import_module(f"gateway.cli.{entry.module}"), entry.member)
    if isinstance(member, typer.Typer):
        return _group(name, member)
    info = CommandInfo(name=name, callback=member, cls=SpokenCommand)
    return get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)


def _group(name: str, member: typer.Typer) -> Any:
    member.rich_markup_mode = None  # plain help comes at once and is readable in any terminal
    member.info.cls = SpokenGroup
    for info in member.registered_commands:
        info.cls = SpokenCommand
    group = get_group(member)
    group.name = name
    return group


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def start(
    lang: Lang = None,
    no_color: Annotated[bool, typer.Option(NO_COLOR_OPTION, help="No colours.")] = False,
) -> None:
    """Factory telemetry gateway: machines to AAS, history and platform, nothing lost."""
    if lang is not None:
        os.environ["GATEWAY_LANG"] = lang
    if no_color:
        os.environ["NO_COLOR"] = "1"


def prepared(words: Sequence[str]) -> list[str]:
    """Take the options that hold for help, too, wherever they stand; give the other words."""
    for place, word in enumerate(words):
        name, _, value = word.partition("=")
        if name == LANG_OPTION:
            wanted = value or next(iter(words[place + 1 :]), "")
            if wanted in {"ko", "en"}:
                os.environ["GATEWAY_LANG"] = wanted
    if NO_COLOR_OPTION in words:
        os.environ["NO_COLOR"] = "1"
    return [word for word in words if word != NO_COLOR_OPTION]


def unforeseen(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """End with a sentence and a file instead of a traceback."""
    from gateway.cli.crash import end

    end(kind, error, trace)


def main() -> None:
    """Run the command line; output is UTF-8 on every system."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.excepthook = unforeseen
    get_command(app)(prepared(sys.argv[1:]))

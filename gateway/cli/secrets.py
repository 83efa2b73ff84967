"""`gateway secrets`: passwords, tokens and keys that no file holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.check import WRONG, DataOption, LangOption

app = typer.Typer(no_args_is_help=True, help="Store secrets that files refer to by !secret NAME.")
NameArgument = Annotated[str, typer.Argument(help="The name after !secret.")]


@app.command("set")
def set_(name: NameArgument, data: DataOption = Path("data"), lang: LangOption = None) -> None:
    """Store a secret; asked for without showing it, or read from standard input."""
    from gateway.app.config.catalogue import language_of, word
    from gateway.app.config.secrets import NAME, SecretsError, SecretStore

    language = language_of(lang)
    if not NAME.fullmatch(name):
        _fail(word("secret-name", language, name=name))
    text = _entered(word("secret-ask", language, name=name))
    if not text:
        _fail(word("secret-empty", language))
    try:
        SecretStore(data).set(name, text)
    except (SecretsError, OSError) as error:
        _fail(str(error))
    typer.echo(word("secret-stored", language, name=name))


def _entered(prompt: str) -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(prompt)
    return sys.stdin.readline().rstrip("\r\n")


def _fail(text: str) -> None:
    typer.echo(text, err=True)
    raise typer.Exit(WRONG)


@app.command()
def ls(data: DataOption = Path("data"), lang: LangOption = None) -> None:
    """List the names that are stored; never what they hold."""
    from gateway.app.config.catalogue import language_of, word
    from gateway.app.config.secrets import SecretsError, SecretStore

    try:
        names = SecretStore(data).names()
    except SecretsError as error:
        _fail(str(error))
        return
    for name in names:
        typer.echo(name)
    if not names:
        typer.echo(word("secret-none", language_of(lang), folder=data), err=True)


@app.command()
def rm(name: NameArgument, data: DataOption = Path("data"), lang: LangOption = None) -> None:
    """Remove a secret."""
    from gateway.app.config.catalogue import language_of, word
    from gateway.app.config.secrets import SecretsError, SecretStore

    language = language_of(lang)
    try:
        removed = SecretStore(data).remove(name)
    except (SecretsError, OSError) as error:
        _fail(str(error))
        return
    if not removed:
        _fail(word("secret-absent", language, name=name))
    typer.echo(word("secret-removed", language, name=name))

"""`gateway secrets`: passwords, tokens and keys that no file holds."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gateway.cli.answers import fail, fail_unknown, hint, print_json
from gateway.cli.options import DATA_DEFAULT, AsJson, Data, Lang, language

app = typer.Typer(no_args_is_help=True, help="Passwords and keys that no file holds.")
NameArgument = Annotated[str, typer.Argument(help="The name after !secret.")]


@app.command("set")
def set_(name: NameArgument, data: Data = DATA_DEFAULT, lang: Lang = None) -> None:
    """Store a secret; asked for without showing it, or read from standard input."""
    from gateway.config.catalogue import word
    from gateway.config.secrets import NAME, SecretsError, SecretStore

    tongue = language(lang)
    if not NAME.fullmatch(name):
        fail(word("secret-name", tongue, name=name))
    text = _entered(word("secret-ask", tongue, name=name))
    if not text:
        fail(word("secret-empty", tongue))
    try:
        SecretStore(data).set(name, text)
    except (SecretsError, OSError) as error:
        fail(str(error))
    typer.echo(word("secret-stored", tongue, name=name))


def _entered(prompt: str) -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(prompt)
    return sys.stdin.readline().rstrip("\r\n")


@app.command()
def ls(data: Data = DATA_DEFAULT, as_json: AsJson = False, lang: Lang = None) -> None:
    """List the names that are stored; never what they hold."""
    from gateway.config.catalogue import word
    from gateway.config.secrets import SecretsError, SecretStore

    try:
        names = SecretStore(data).names()
    except SecretsError as error:
        fail(str(error))
    if as_json:
        print_json(list(names))
        return
    for name in names:
        typer.echo(name)
    if not names:
        hint(word("secret-none", language(lang), folder=data))


@app.command()
def rm(name: NameArgument, data: Data = DATA_DEFAULT, lang: Lang = None) -> None:
    """Remove a secret."""
    from gateway.config.catalogue import word
    from gateway.config.secrets import SecretsError, SecretStore

    tongue = language(lang)
    try:
        store = SecretStore(data)
        removed = store.remove(name)
    except (SecretsError, OSError) as error:
        fail(str(error))
    if not removed:
        fail_unknown(word("secret-absent", tongue, name=name), name, store.names(), tongue)
    typer.echo(word("secret-removed", tongue, name=name))

"""`gateway users`: who may use the HTTP side."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.answers import fail, fail_unknown, hint, print_json
from gateway.cli.options import AsJson, Lang, language
from gateway.cli.screen import table
from gateway.core.texts import N_, Texts

if TYPE_CHECKING:
    from gateway.api.users import User

app = typer.Typer(no_args_is_help=True, help="Who may use the HTTP side.")

FILE_DEFAULT = Path("config/users.yaml")
TEXTS = Texts(
    __package__,
    {
        "head": N_("NAME|ROLE"),
        "none": N_("No users in {file}.   gateway users add NAME --file {file}"),
        "password": N_("Password"),
        "short": N_("A password has at least {length} characters."),
        "name": N_("A name is 1-32 of a-z, 0-9, - and _, beginning with a letter or digit."),
        "role": N_("A role is viewer or operator."),
        "there": N_("{name} exists already.  Remove it first:  gateway users rm {name}"),
        "gone": N_("There is no user {name}."),
        "added": N_("{name} ({role}) is in {file}."),
        "token": N_("Send this, it is shown only now:  Authorization: Bearer {name}.{secret}"),
        "next": N_("Once, in gateway.yaml:  api: {{ users: !file {file} }}   and a restart."),
        "removed": N_("{name} was removed from {file}."),
    },
)
NameArgument = Annotated[str, typer.Argument(help="Name of the user.")]
FileOption = Annotated[Path, typer.Option("--file", help="The users file.")]


@app.command()
def add(
    name: NameArgument,
    role: Annotated[str, typer.Option(help="viewer or operator.")] = "viewer",
    token: Annotated[
        bool, typer.Option("--token", help="Make a secret for a program instead of asking.")
    ] = False,
    file: FileOption = FILE_DEFAULT,
    lang: Lang = None,
) -> None:
    """Add a user; asks for the password, or makes one for a program."""
    from gateway.api.users import NAME, PASSWORD_LENGTH_MIN, Role, User, hashed, users_text

    texts = TEXTS[language(lang)]
    users = _read(file)
    if not NAME.fullmatch(name):
        fail(texts["name"])
    if role.upper() not in Role.__members__:
        fail(texts["role"])
    if any(user.name == name for user in users):
        fail(texts["there"].format(name=name))
    secret = secrets.token_urlsafe(24) if token else _asked(texts["password"])
    if len(secret) < PASSWORD_LENGTH_MIN:
        fail(texts["short"].format(length=PASSWORD_LENGTH_MIN))
    added = User(name, Role[role.upper()], hashed(secret))
    _write(file, users_text([*users, added]))
    typer.echo(texts["added"].format(name=name, role=role, file=file))
    if token:
        typer.echo(texts["token"].format(name=name, secret=secret))
    typer.echo(texts["next"].format(file=file.name))


@app.command("ls")
def list_users(file: FileOption = FILE_DEFAULT, as_json: AsJson = False, lang: Lang = None) -> None:
    """List users and roles, never passwords."""
    texts = TEXTS[language(lang)]
    users = [{"name": user.name, "role": user.role.name.lower()} for user in _read(file)]
    if as_json:
        print_json(users)
    elif users:
        typer.echo("\n".join(table(texts["head"].split("|"), [list(u.values()) for u in users])))
    else:
        hint(texts["none"].format(file=file))


@app.command()
def rm(name: NameArgument, file: FileOption = FILE_DEFAULT, lang: Lang = None) -> None:
    """Remove a user."""
    from gateway.api.users import users_text

    texts = TEXTS[language(lang)]
    users = _read(file)
    kept = [user for user in users if user.name != name]
    if len(kept) == len(users):
        known = [user.name for user in users]
        fail_unknown(texts["gone"].format(name=name), name, known, language(lang))
    _write(file, users_text(kept))
    typer.echo(texts["removed"].format(name=name, file=file))


def _asked(text: str) -> str:
    answer: str = typer.prompt(text, hide_input=True, confirmation_prompt=True)
    return answer


def _read(file: Path) -> tuple[User, ...]:
    from gateway.api.users import UsersError, parse_users

    try:
        return parse_users(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (UsersError, OSError, UnicodeDecodeError) as error:
        fail(f"{file}: {error}")


def _write(file: Path, text: str) -> None:
    """Replace the file so that only this user can read it, never half."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    partial.replace(file)

"""How commands speak: JSON and results on stdout, hints and errors on stderr, and how they end
when something that was named is not there.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from gateway.cli.client import ServiceRefused, ServiceUnreachable
from gateway.cli.options import EXIT_CONFIG, EXIT_NOT_ALLOWED, EXIT_UNHEALTHY, EXIT_UNREACHABLE
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from gateway.config.findings import ConfigError

HTTP_NOT_ALLOWED = (401, 403)
NEAR_MAX = 3
NEAR_ENOUGH = 0.6
TEXTS = Texts(
    __package__,
    {
        "unreachable": N_(
            "No running gateway was found ({detail}).\nStart it:  gateway run CONFIG --data {data}"
        ),
        "refused": N_("The gateway answered: {detail}"),
        "no-data": N_(
            "There is no folder {data}.\nName the data folder of the service:  --data FOLDER"
        ),
        "near": N_("Did you mean {names}?"),
    },
)


def print_json(value: Any) -> None:
    """Write one JSON document on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str))


def hint(text: str) -> None:
    """Say what helps next, on stderr: stdout is the result alone."""
    typer.echo(text, err=True)


def fail(text: str, code: int = EXIT_CONFIG) -> NoReturn:
    """End with a sentence on stderr."""
    typer.echo(text, err=True)
    raise typer.Exit(code)


def near(name: str, known: Iterable[str], lang: Language) -> str:
    """Ask whether one of the known names was meant; empty when none is like it."""
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold(), by_folded, n=NEAR_MAX, cutoff=NEAR_ENOUGH)
    if not found:
        return ""
    return TEXTS[lang]["near"].format(names=", ".join(by_folded[each] for each in found))


def fail_unknown(text: str, name: str, known: Iterable[str], lang: Language) -> NoReturn:
    """End because a name is not there, with the names that are most like it."""
    fail("\n".join(part for part in (text, near(name, known, lang)) if part))


def existing_data(data: Path, lang: Language, code: int = EXIT_CONFIG) -> None:
    """End where the data folder is not there at all: a mistyped path, or another PC."""
    if not data.is_dir():
        fail(TEXTS[lang]["no-data"].format(data=data), code)


def print_findings(config: Path, error: ConfigError, lang: Language) -> None:
    """Show on stderr what is wrong with a configuration, and the command that says more."""
    from gateway.config.render import all_as_text

    hint(all_as_text(error.findings, lang))
    hint(f"\ngateway check {config}")


@contextlib.contextmanager
def service_errors(lang: Language, data: Path) -> Iterator[None]:
    """Turn failures to reach the service into a sentence on stderr and an exit code."""
    existing_data(data, lang, EXIT_UNREACHABLE)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo()
        raise typer.Exit from None
    except ServiceUnreachable as error:
        fail(TEXTS[lang]["unreachable"].format(detail=error, data=data), EXIT_UNREACHABLE)
    except ServiceRefused as error:
        denied = error.status in HTTP_NOT_ALLOWED
        code = EXIT_NOT_ALLOWED if denied else EXIT_UNHEALTHY
        fail(TEXTS[lang]["refused"].format(detail=error), code)

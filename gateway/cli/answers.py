"""How commands that ask the running service end when it does not answer, in both languages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import typer

from gateway.cli.client import (
    EXIT_NOT_ALLOWED,
    EXIT_UNHEALTHY,
    EXIT_UNREACHABLE,
    ServiceRefused,
    ServiceUnreachable,
)

HTTP_NOT_ALLOWED = (401, 403)
TEXTS = {
    "unreachable": {
        "en": "No running gateway was found ({detail}).\nStart it:  gateway run CONFIG",
        "ko": "실행 중인 게이트웨이를 찾지 못했습니다 ({detail}).\n시작하기:  gateway run 설정폴더",
    },
    "refused": {
        "en": "The gateway answered: {detail}",
        "ko": "게이트웨이의 답: {detail}",
    },
}


@contextlib.contextmanager
def service_errors(lang: str) -> Iterator[None]:
    """Turn failures to reach the service into a sentence on stderr and an exit code."""
    try:
        yield
    except ServiceUnreachable as error:
        typer.echo(TEXTS["unreachable"][lang].format(detail=error), err=True)
        raise typer.Exit(EXIT_UNREACHABLE) from None
    except ServiceRefused as error:
        typer.echo(TEXTS["refused"][lang].format(detail=error), err=True)
        denied = error.status in HTTP_NOT_ALLOWED
        raise typer.Exit(EXIT_NOT_ALLOWED if denied else EXIT_UNHEALTHY) from None

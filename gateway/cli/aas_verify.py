"""`gateway aas verify`: AAS files and the running API before independent judges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import fail, hint, print_json, service_errors
from gateway.cli.client import Client
from gateway.cli.options import (
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_UNHEALTHY,
    AsJson,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import columns, printable, table
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from aas_models.verify.findings import Finding, Subject
    from aas_models.verify.waivers import Waiver

API = "/api/v3.1"
METAMODELS = ("auto", "3.0", "3.1")
SHOWN_MAX = 30
TEXTS = Texts(
    __package__,
    {
        "missing": N_("The judges are not installed ({names}). Install them:\n  {command}"),
        "metamodel": N_("The metamodel is auto, 3.0 or 3.1."),
        "no-file": N_("There is no file {path}."),
        "unreadable": N_("{path}: {detail}"),
        "ok": N_("passed"),
        "failed": N_("FAILED"),
        "hint": N_("hint: {text}"),
        "more": N_("... and {count} more; all of them with --json or --html"),
        "accepted": N_("accepted {count}x [{id}]: {reason}"),
        "written": N_("Report: {path}"),
    },
)
HEAD = Texts(
    __package__,
    {
        "head": (
            N_("SUBJECT"),
            N_("METAMODEL"),
            N_("ELEMENTS"),
            N_("OBJECTIONS"),
            N_("ACCEPTED"),
            N_("WARNINGS"),
            "",
        )
    },
)


def verify(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="AASX, XML or JSON; without any, the running service."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="AAS API to judge, such as http://host:8080/api/v3.1."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as one static page.")
    ] = None,
    metamodel: Annotated[
        str, typer.Option(help="auto, 3.0 or 3.1; JSON itself does not say.")
    ] = "auto",
    waivers: Annotated[
        Path | None, typer.Option(help="Another list of accepted objections.")
    ] = None,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Let independent judges verify files or an API. Exit 0: nothing unaccepted failed."""
    tongue = language(lang)
    texts = TEXTS[tongue]
    if metamodel not in METAMODELS:
        fail(texts["metamodel"])
    _need_judges(tongue)
    known = _waivers(waivers, tongue)
    subjects = [_file(path, known, metamodel, tongue) for path in files or ()]
    if url is not None or not files:
        subjects.append(_api(url, data, known, metamodel, tongue))
    if html is not None:
        _write(html, subjects, known, tongue)
    if as_json:
        for subject in subjects:
            print_json(_as_json(subject))
    else:
        _show(subjects, known, tongue)
        if html is not None:
            hint(texts["written"].format(path=html))
    if not all(subject.ok for subject in subjects):
        raise typer.Exit(EXIT_UNHEALTHY)


def _need_judges(lang: Language) -> None:
    from aas_models.verify.judges import missing_packages

    missing = missing_packages()
    if missing:
        import sys

        command = f"{sys.executable} -m pip install {' '.join(missing)}"
        fail(TEXTS[lang]["missing"].format(names=", ".join(missing), command=command))


def _waivers(path: Path | None, lang: Language) -> tuple[Waiver, ...]:
    from aas_models.verify.waivers import bundled_waivers, read_waivers
    from gateway.core.errors import AasError

    if path is None:
        return bundled_waivers()
    try:
        return read_waivers(path.read_bytes())
    except (OSError, AasError) as error:
        fail(TEXTS[lang]["unreadable"].format(path=path, detail=error))


def _file(path: Path, waivers: Sequence[Waiver], metamodel: Any, lang: Language) -> Subject:
    from aas_models.verify.verify import verify_file

    if not path.is_file():
        fail(TEXTS[lang]["no-file"].format(path=path))
    try:
        return verify_file(path, waivers, metamodel, lang)
    except OSError as error:
        fail(TEXTS[lang]["unreadable"].format(path=path, detail=error), EXIT_CONFIG)


def _api(
    url: str | None, data: Path, waivers: Sequence[Waiver], metamodel: Any, lang: Language
) -> Subject:
    from aas_models.verify.fetching import fetch_environment
    from aas_models.verify.verify import verify_document

    if url is None:
        with service_errors(lang, data):
            client, base = Client.of(data), API
            name = client.url + base
            document, further = fetch_environment(
                lambda path, query: client.get(base + path, query)
            )
    else:
        foreign, base = _foreign(url)
        name = url
        with service_errors(lang, Path()):
            document, further = fetch_environment(
                lambda path, query: foreign.get(base + path, query)
            )
    return verify_document(name, document, waivers, metamodel, lang, further)


def _foreign(url: str) -> tuple[Client, str]:
    """Give a client for another service, without our token, and the base of its API."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        fail(f"http://HOST:PORT/..., not {url}")
    return Client(f"http://{parts.netloc}", ""), parts.path.rstrip("/")


def _write(
    path: Path, subjects: Sequence[Subject], waivers: Sequence[Waiver], lang: Language
) -> None:
    from datetime import UTC, datetime

    from aas_models.verify.html import Made, report
    from gateway.app.version import version
    from gateway.core.clock import SystemClock

    now = datetime.fromtimestamp(SystemClock().now() / 1e9, UTC)
    made = Made(now.strftime("%Y-%m-%d %H:%M UTC"), version())
    try:
        path.write_text(report(subjects, waivers, made, lang), encoding="utf-8")
    except OSError as error:
        fail(TEXTS[lang]["unreadable"].format(path=path, detail=error))


def _counted(subject: Subject) -> dict[str, int]:
    found = subject.findings
    return {
        "objections": sum(each.counts for each in found),
        "accepted": sum(each.waived_by is not None for each in found),
        "warnings": sum(each.level == "warning" and each.waived_by is None for each in found),
    }


def _as_json(subject: Subject) -> dict[str, Any]:
    return {
        "subject": subject.name,
        "ok": subject.ok,
        "metamodel": subject.metamodel,
        "counts": dict(subject.counts),
        "judges": list(subject.judges),
        **_counted(subject),
        "findings": [
            {
                "judge": each.judge,
                "level": each.level,
                "code": each.code,
                "where": each.where,
                "element": each.element,
                "message": each.message,
                "waiver": each.waived_by,
            }
            for each in subject.findings
        ],
    }


def _show(subjects: Sequence[Subject], waivers: Sequence[Waiver], lang: Language) -> None:
    texts = TEXTS[lang]
    for subject in subjects:
        bad = [each for each in subject.findings if each.counts]
        for each in bad[:SHOWN_MAX]:
            hint(printable(_line(subject, each)))
        if len(bad) > SHOWN_MAX:
            hint(texts["more"].format(count=len(bad) - SHOWN_MAX))
        unstated = [each for each in subject.findings if each.code == "unstated"]
        for each in unstated[:SHOWN_MAX]:
            hint(printable(texts["hint"].format(text=each.message)))
        if len(unstated) > SHOWN_MAX:
            hint(texts["more"].format(count=len(unstated) - SHOWN_MAX))
    for waiver in waivers:
        count = sum(each.waived_by == waiver.id for s in subjects for each in s.findings)
        if count:
            reason = waiver.reason[lang]
            hint(texts["accepted"].format(count=count, id=waiver.id, reason=reason))
    rows = [
        [
            printable(subject.name),
            subject.metamodel,
            subject.counts["elements"],
            *_counted(subject).values(),
            texts["ok"] if subject.ok else texts["failed"],
        ]
        for subject in subjects
    ]
    typer.echo("\n".join(table(list(HEAD[lang]["head"]), rows, columns())))


def _line(subject: Subject, each: Finding) -> str:
    place = f" {each.place}" if each.place else ""
    return f"{subject.name} [{each.judge}]{place}: {each.message}"

"""`gateway aas lint`: what is in AAS files and what is wrong with them."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.answers import fail
from gateway.cli.options import EXIT_UNHEALTHY, AsJson, Lang, language
from gateway.cli.screen import printable
from gateway.core.texts import N_, Language, Texts

SUFFIXES = (".aasx", ".xml", ".json")
WORTH_A_POOL = 8
AHEAD = 4
"""Files given to each process before its answers are waited for."""
TEXTS = Texts(
    __package__,
    {
        "line": N_(
            "{file}: metamodel {metamodel}, {shells} shells, {submodels} submodels, "
            "{conceptDescriptions} concept descriptions, {elements} elements, {repairs} repairs"
        ),
        "error": N_("{file}: cannot be read: {error}"),
        "lost": N_("{file}: lost: {path}: {problem}"),
        "sum": N_("{files} files, {bad} not read whole."),
        "none": N_("There is no .aasx, .xml or .json file."),
    },
)


def lint(
    paths: Annotated[list[Path], typer.Argument(help="AAS files, or folders with them.")],
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Read AAS files of any metamodel and say what is wrong. Exit: 0 all whole, 1 not."""
    tongue = language(lang)
    files = _files(paths)
    if not files:
        fail(TEXTS[tongue]["none"])
    bad = 0
    for each in linted(files, tongue):
        bad += not each["ok"]
        if as_json:
            typer.echo(json.dumps(each, ensure_ascii=False))
        else:
            _show(each, tongue)
    if not as_json:
        typer.echo(TEXTS[tongue]["sum"].format(files=len(files), bad=bad), err=True)
    if bad:
        raise typer.Exit(EXIT_UNHEALTHY)


def _files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
        else:
            files.append(path)
    return files


def linted(files: Sequence[Path], lang: Language) -> Iterator[dict[str, Any]]:
    """Give what each file holds, in their order; many files are read by several processes."""
    rest = list(files)
    while rest:
        done = 0
        for each in _round(rest, lang):
            done += 1
            yield each
        rest = rest[done:]


def _round(files: Sequence[Path], lang: Language) -> Iterator[dict[str, Any]]:
    """Read until a process dies, which ends the answers with that of the file it died of."""
    from aas_models.importing.lint import lint_file, unreadable

    workers = min(os.cpu_count() or 1, len(files))
    with _executor(workers, len(files)) as executor:
        waiting: list[tuple[Path, Future[dict[str, Any]]]] = []
        coming = iter(files)
        while True:
            for path in coming:
                waiting.append((path, executor.submit(lint_file, path, lang)))
                if len(waiting) >= workers * AHEAD:
                    break
            if not waiting:
                return
            path, answer = waiting.pop(0)
            # A fault of ours in one file must not hide the others; the answer names it.
            error = answer.exception()
            yield answer.result() if error is None else unreadable(path, repr(error))
            if isinstance(error, BrokenProcessPool):
                return


def _executor(workers: int, files: int) -> Executor:
    if workers > 1 and files >= WORTH_A_POOL:
        # What is read has no cycles, and looking for some takes a sixth of the time.
        return ProcessPoolExecutor(workers, initializer=gc.disable)
    return ThreadPoolExecutor(1)


def _show(each: Mapping[str, Any], lang: Language) -> None:
    texts = TEXTS[lang]
    if "error" in each:
        typer.echo(printable(texts["error"].format(**each)))
        return
    counts = {
        **each,
        "elements": sum(each["elements"].values()),
        "repairs": len(each["repairs"]),
    }
    typer.echo(printable(texts["line"].format(**counts)))
    for lost in each["lost"]:
        typer.echo(printable(texts["lost"].format(file=each["file"], **lost)))

"""`gateway aas plan FILE`: what an AASX would change, and whether its machines answer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import fail, hint, print_findings, print_json
from gateway.cli.options import (
    CONFIG_DEFAULT,
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_FINE,
    EXIT_UNHEALTHY,
    EXIT_UNREACHABLE,
    AsJson,
    Config,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import printable
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from aas_models.importing import Imported
    from gateway.config.live import LiveResult
    from gateway.exchange.aasx.difference import DeviceChange, Difference
    from gateway.exchange.aasx.proposal import Proposal

AasxFile = Annotated[Path, typer.Argument(help="AASX, JSON or XML with interface submodels.")]
Prune = Annotated[bool, typer.Option("--prune", help="Devices that the file does not describe go.")]
SHOWN_MAX = 40
"""Tags of one device that are named; --json has all."""
TEXTS = Texts(
    __package__,
    {
        "added": N_("new"),
        "removed": N_("goes"),
        "changed": N_("changes"),
        "same": N_("stays as it is"),
        "tags": N_("{count} tags"),
        "tag-added": N_("new tag"),
        "tag-removed": N_("tag goes"),
        "more": N_("... and {count} more (--json shows all)"),
        "none": N_("Nothing would change."),
        "next": N_("Make it so:  gateway aas apply {file} --config {config}"),
        "left": N_("{count} other devices are not touched."),
        "good": N_("{count} answer"),
        "waiting": N_("{count} not published yet"),
        "bad": N_("{count} wrong"),
        "unreached": N_("not reached: {reason}"),
        "nobody": N_("no device was found in {file}"),
        "repairs": N_("{count} repairs while reading (gateway aas lint {file})"),
    },
)


def plan(
    file: AasxFile,
    config: Config = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    prune: Prune = False,
    connect: Annotated[
        bool, typer.Option("--connect/--no-connect", help="Try every source of the file.")
    ] = True,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Show what a file would change. Exit: 0 fine, 1 bad tags, 2 wrong, 3 not reached."""
    tongue = language(lang)
    imported, proposal = proposal_for(file, config, data, tongue, prune=prune)
    live = _probed(proposal) if connect else {}
    if as_json:
        print_json(_as_json(imported, proposal, live))
    else:
        show(proposal, tongue, live)
        _hints(imported, proposal, file, config, tongue)
    raise typer.Exit(_exit_code(proposal, live))


def proposal_for(
    file: Path, config: Path, data: Path, lang: Language, *, prune: bool
) -> tuple[Imported, Proposal]:
    """Read a file and compare it with the configuration; ends the command where that fails."""
    from gateway.app.kinds import ADAPTERS
    from gateway.config.findings import ConfigError
    from gateway.core.errors import AasError
    from gateway.exchange.aasx.proposal import Package, propose

    imported = read_file(file)
    try:
        package = Package(file.suffix.lower(), file.read_bytes())
        proposal = propose(
            imported.environment,
            config,
            data,
            os.environ,
            ADAPTERS,
            prune=prune,
            package=package,
        )
    except ConfigError as error:
        print_findings(config, error, lang)
        raise typer.Exit(EXIT_CONFIG) from None
    except (AasError, OSError) as error:
        fail(f"{file}: {error}")
    if not proposal.named:
        _tell_notes(proposal, lang)
        fail(TEXTS[lang]["nobody"].format(file=file))
    return imported, proposal


def read_file(file: Path) -> Imported:
    """Read a file as tolerantly as `gateway aas import`; ends the command where it is none."""
    from aas_models.importing import read_path
    from gateway.core.errors import AasError

    try:
        return read_path(file)
    except (AasError, OSError) as error:
        fail(f"{file}: {error}")


def _probed(proposal: Proposal) -> Mapping[str, LiveResult]:
    from gateway.config.live import probe_all

    return probe_all(proposal.probed) if proposal.probed is not None else {}


def _exit_code(proposal: Proposal, live: Mapping[str, LiveResult]) -> int:
    if proposal.plan is None:
        return EXIT_CONFIG
    if any(result.failure for result in live.values()):
        return EXIT_UNREACHABLE
    return EXIT_FINE if all(result.fine for result in live.values()) else EXIT_UNHEALTHY


def _as_json(
    imported: Imported, proposal: Proposal, live: Mapping[str, LiveResult]
) -> dict[str, Any]:
    from gateway.config.render import as_json as finding_json

    folder = proposal.old.folder
    return {
        "ok": proposal.plan is not None,
        "metamodel": imported.metamodel,
        "repairs": len(imported.repairs),
        "lost": len(imported.lost),
        "devices": {change.name: change.as_json() for change in proposal.changes},
        "named": list(proposal.named),
        "files": {
            str(path.relative_to(folder)): "removed" if content is None else "written"
            for path, content in proposal.files.items()
        },
        "notes": [note.as_json() for note in proposal.notes],
        "findings": [finding_json(finding, "en") for finding in proposal.findings],
        "live": {name: result.as_json() for name, result in live.items()},
    }


def show(proposal: Proposal, lang: Language, live: Mapping[str, LiveResult]) -> None:
    """Print the changes device by device, then what was not understood."""
    texts = TEXTS[lang]
    shown = [c for c in proposal.changes if c.kind != "same" or c.name in proposal.named]
    for change in shown:
        line = f"{change.name:<24} {texts[change.kind]:<10} "
        line += texts["tags"].format(count=change.tags) + f"   {change.address}"
        typer.echo(printable(line + _live_words(live.get(change.name), texts)))
        for detail in _details(change, texts):
            typer.echo(printable(f"    {detail}"))
        for tag, reason in _wrong(live.get(change.name)):
            typer.echo(printable(f"    ! {tag}   {reason}"))
    if proposal.plan is not None and not proposal.files:
        typer.echo(texts["none"])
    others = len(proposal.changes) - len(shown)
    if others:
        typer.echo(texts["left"].format(count=others))
    _tell_notes(proposal, lang)


def _details(change: DeviceChange, texts: Mapping[str, str]) -> Iterable[str]:
    if change.kind in {"added", "removed"}:
        return
    for each in change.keys:
        yield _words(each)
    lines = [f"+ {texts['tag-added']} {name}" for name in change.added]
    lines += [f"- {texts['tag-removed']} {name}" for name in change.removed]
    lines += [
        f"~ {name}   {', '.join(_words(each) for each in found)}"
        for name, found in change.changed.items()
    ]
    yield from lines[:SHOWN_MAX]
    if len(lines) > SHOWN_MAX:
        yield texts["more"].format(count=len(lines) - SHOWN_MAX)


def _words(difference: Difference) -> str:
    before, after = ("-" if v is None else v for v in (difference.before, difference.after))
    return f"{difference.key}: {before} -> {after}"


def _live_words(result: LiveResult | None, texts: Mapping[str, str]) -> str:
    if result is None:
        return ""
    if result.failure:
        return "   " + texts["unreached"].format(reason=result.failure)
    counts: dict[str, Mapping[str, object]]
    counts = {"good": result.good, "waiting": result.waiting, "bad": result.bad}
    words = [texts[key].format(count=len(found)) for key, found in counts.items() if found]
    words += [str(trouble) for trouble in result.troubles]
    return "   " + ", ".join(words)


def _wrong(result: LiveResult | None) -> list[tuple[str, str]]:
    if result is None:
        return []
    bad = [(name, str(known)) for name, known in result.bad.items()]
    return [*result.waiting.items(), *bad][:SHOWN_MAX]


def _tell_notes(proposal: Proposal, lang: Language) -> None:
    for note in proposal.notes:
        hint(printable(f"{note.path}: {note.text(lang)}" if note.path else note.text(lang)))
    if proposal.findings:
        from gateway.config.render import all_as_text

        hint(all_as_text(proposal.findings, lang))


def _hints(
    imported: Imported, proposal: Proposal, file: Path, config: Path, lang: Language
) -> None:
    texts = TEXTS[lang]
    count = len(imported.repairs) + len(imported.lost)
    if count:
        hint(texts["repairs"].format(count=count, file=file))
    if proposal.plan is not None and proposal.files:
        hint("\n" + texts["next"].format(file=file, config=config))

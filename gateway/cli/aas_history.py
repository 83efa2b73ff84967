"""The history that `gateway aas export` puts into an AASX."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import fail, hint
from gateway.cli.screen import number, printable
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from aas_models.environment import Environment
    from aas_models.importing.report import File
    from gateway.config.plan import GatewayPlan
    from gateway.core.assets import AssetModel
    from gateway.exchange.aasx.history_file import HistoryFile

NS = 10**9
BYTES_MAX = 200_000_000
"""All files of one export; a package that is larger is refused by those who read it."""
TEXTS = Texts(
    __package__,
    {
        "span": N_("Not a span: '{text}'. Examples: 24h, 30m, 0s"),
        "rows": N_("{device}: {rows} records of history as CSV."),
        "cut": N_("{device}: the newest {rows} records of history as CSV; more had no room."),
        "failed": N_("{device}: history could not be read, no CSV: {detail}"),
        "late": N_("it took too long"),
        "full": N_("{device}: no CSV, the files of this export are large enough. Try --device."),
    },
)
Span = Annotated[
    str, typer.Option("--history", help="History as CSV inside an AASX: 24h, 30m; 0s for none.")
]


def span_ns(text: str, lang: Language) -> int:
    """Read how much history is wanted; ends the command when it cannot be read."""
    from pydantic_core import PydanticCustomError

    from gateway.core.config import seconds_from_text

    try:
        return round(seconds_from_text(text) * NS)
    except PydanticCustomError:
        fail(TEXTS[lang]["span"].format(text=printable(text)))


def with_history(
    plan: GatewayPlan,
    data: Path,
    environment: Environment,
    wholes: Mapping[str, dict[str, Any]],
    span: int,
    lang: Language,
) -> tuple[dict[str, dict[str, Any]], dict[str, File]]:
    """Give the submodels as a whole with the segment of each file, and the files by part name.

    What cannot be read is named and left out: an export without history is better than none.
    """
    from aas_models.submodels.time_series import TimeSeriesModel
    from aas_models.time_series_csv import with_segment

    series = [part for part in environment.submodels if isinstance(part, TimeSeriesModel)]
    wanted = [part.asset for part in series] if span else []
    found = asyncio.run(_read(plan, data, wanted, span, lang)) if wanted else {}
    made, files = dict(wholes), {}
    for part in series:
        if (file := found.get(part.asset.info.device)) is not None:
            made[part.id] = with_segment(wholes.get(part.id, part.model), file.segment)
            files[file.part] = file.file
    return made, files


async def _read(
    plan: GatewayPlan, data: Path, models: Sequence[AssetModel], span: int, lang: Language
) -> dict[str, HistoryFile]:
    from gateway.app.destinations import HISTORY_FOLDER
    from gateway.app.kinds import KINDS
    from gateway.core.clock import SystemClock
    from gateway.core.errors import SinkUnavailable
    from gateway.exchange.aasx.history_file import history_file

    clock, texts = SystemClock(), TEXTS[lang]
    keys = plan.settings.history
    history = KINDS.history(keys.kind).make(keys, data / HISTORY_FOLDER, clock)
    end, room = clock.now(), BYTES_MAX
    found: dict[str, HistoryFile] = {}
    try:
        for model in models:
            device = model.info.device
            try:
                file = await history_file(history, model, end - span, end)
            except (SinkUnavailable, TimeoutError) as error:
                detail = printable(str(error) or texts["late"])
                hint(texts["failed"].format(device=device, detail=detail))
                break  # the same store would fail for the others
            if file is None:
                continue
            room -= len(file.file.data)
            if room < 0:
                hint(texts["full"].format(device=device))
                break
            found[device] = file
            key = "cut" if file.cut else "rows"
            hint(texts[key].format(device=device, rows=number(file.rows)))
    finally:
        with suppress(TimeoutError):
            await history.close()
    return found

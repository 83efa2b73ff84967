"""An exported AASX holds the history of its devices as CSV, and every reader takes it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from aas_models.importing import read_path
from aas_models.templates.check import check
from aas_models.templates.rules import bundled_for
from aas_models.verify import judges
from aas_models.verify.verify import verify_file
from aas_models.verify.waivers import bundled_waivers
from gateway.app.kinds import KINDS
from gateway.cli import aas
from gateway.config.plan import load_plan
from gateway.core.assets import AssetModel
from gateway.core.clock import SystemClock
from gateway.exchange.aasx import history_file
from gateway.exchange.aasx.history_file import ID_SHORT
from gateway.history.config import HistoryConfig
from gateway.history.embedded import EmbeddedStore
from tests.integration.api_parts import served
from tests.unit.aas.parts import batch, records

PART = "/aasx/files/press-01-history.csv"
S = 10**9
BAD = 0x80000000
GATEWAY = (
    "version: 1\ngateway:\n  id: edge-07\n  site: { ko: 공장, en: Plant }\n"
    "  id_base: https://hanil.example/ids\n"
)
DEVICE = """
version: 1
device: press-01
label: { ko: 프레스 1호기, en: Press 1 }
connect: opc.tcp://127.0.0.1:4840
tags:
  - name: 금형온도_하
    node: nsu=urn:hanil:press;s=Press1.Mold.TempLower
    unit: degC
    aas: OperationalData.Mold.TemperatureLower
  - 가동: nsu=urn:hanil:press;s=Press1.Run
"""


class Plant:
    """A configuration and a data folder; the history of its device ends now."""

    def __init__(self, folder: Path) -> None:
        self.config, self.data = folder / "config", folder / "data"
        (self.config / "devices").mkdir(parents=True)
        self.data.mkdir()
        (self.config / "gateway.yaml").write_text(GATEWAY)
        (self.config / "devices" / "press.yaml").write_text(DEVICE)
        self.target = folder / "press.aasx"

    def model(self) -> AssetModel:
        return load_plan(self.config, self.data, os.environ, KINDS).devices["press-01"].asset

    def store(self, *ages_s: int) -> None:
        """Put a temperature for each age into the history, and one bad one beside the last."""
        table, now = self.model().table, SystemClock().now()
        batches = [batch(table, [0], np.array([100.0 + age]), at=now - age * S) for age in ages_s]
        batches.append(batch(table, [1], np.array([True]), at=now - ages_s[-1] * S, status=[BAD]))

        async def put() -> None:
            history = EmbeddedStore(
                HistoryConfig(), self.data / "history", SystemClock(), linger_s=0.0
            )
            await history.append(records(*batches), epoch="e")
            await history.close()

        asyncio.run(put())

    def export(self, *more: str) -> Result:
        where = ["--config", str(self.config), "--data", str(self.data), "--lang", "en"]
        return CliRunner().invoke(aas.app, ["export", str(self.target), *where, *more])

    def csv(self) -> list[str]:
        return read_path(self.target).files[PART].data.decode().splitlines()


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path)


def series_of(path: Path) -> dict[str, Any]:
    return next(s for s in read_path(path).environment["submodels"] if s["idShort"] == "TimeSeries")


def test_an_export_holds_the_history_of_a_day_and_a_segment_that_points_to_it(
    plant: Plant,
) -> None:
    plant.store(2 * 86_400, 3_600, 60)
    done = plant.export()
    assert done.exit_code == 0, done.output
    assert "press-01: 2 records of history as CSV." in done.stderr
    read = read_path(plant.target)
    assert read.repairs == ()
    assert read.files[PART].content_type == "text/csv"
    head, *rows = plant.csv()
    assert head.split(",")[:2] == ["Time", "TemperatureLower"]
    assert [row.split(",", 1)[1] for row in rows] == ["3700.0,", "160.0,"]
    series = series_of(plant.target)
    segment = next(s for s in series["submodelElements"][1]["value"] if s["idShort"] == ID_SHORT)
    found = {each["idShort"]: each.get("value") for each in segment["value"]}
    assert (found["File"], found["RecordCount"]) == (PART, "2")
    assert found["EndTime"] == rows[-1].partition(",")[0]


def test_the_exported_segment_is_what_the_template_asks_for(plant: Plant) -> None:
    plant.store(60)
    plant.export()
    series = series_of(plant.target)
    rule = bundled_for(series)
    assert rule is not None
    assert [issue.text() for issue in check(series, rule)] == []


@pytest.mark.skipif(bool(judges.missing_packages()), reason="the extra `verify` is not installed")
@pytest.mark.parametrize("metamodel", ["3.0", "3.1"])
def test_the_judges_find_nothing_in_an_export_with_history(plant: Plant, metamodel: str) -> None:
    plant.store(60)
    plant.export("--metamodel", metamodel)
    judged = verify_file(plant.target, bundled_waivers())
    assert [each for each in judged.findings if each.counts] == []


def test_history_is_for_packages_and_only_when_wanted(plant: Plant) -> None:
    plant.store(60)
    plant.export("--history", "0s")
    assert dict(read_path(plant.target).files).keys() & {PART} == set()
    plant.target = plant.target.with_suffix(".json")
    assert "history" not in plant.export().stderr
    assert plant.export("--history", "much").exit_code == 2


def test_without_a_history_the_export_is_as_before(plant: Plant) -> None:
    assert plant.export().exit_code == 0
    assert PART not in read_path(plant.target).files


def test_of_a_long_history_the_newest_records_are_kept(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_file, "ROWS_MAX", 5)
    monkeypatch.setattr(history_file, "PAGE", 3)
    plant.store(*range(40_000, 0, -1_000))
    done = plant.export()
    assert "the newest 5 records" in done.stderr
    values = [row.split(",")[1] for row in plant.csv()[1:]]
    assert values == ["5100.0", "4100.0", "3100.0", "2100.0", "1100.0"]


def test_an_export_goes_on_when_the_history_cannot_be_read(plant: Plant) -> None:
    history = "history: { kind: influxdb, url: 'http://127.0.0.1:9', version: 1, database: d }\n"
    (plant.config / "gateway.yaml").write_text(GATEWAY + history)
    done = plant.export()
    assert done.exit_code == 0, done.output
    assert "history could not be read" in done.stderr
    assert PART not in read_path(plant.target).files


async def test_the_records_of_the_running_service_and_its_history_stand_side_by_side(
    plant: Plant,
) -> None:
    await asyncio.to_thread(plant.store, 60)
    model = plant.model()
    async with served(plant.data, models=[model]) as running:
        typed = model.table.with_types({0: "xs:double", 1: "xs:boolean"})
        await running.spool.append([batch(typed, [0], np.array([179.9]))])
        done = await asyncio.to_thread(plant.export)
    assert done.exit_code == 0, done.output
    segments = {
        each["idShort"]: each for each in series_of(plant.target)["submodelElements"][1]["value"]
    }
    assert {"Recent", ID_SHORT} <= set(segments)
    assert "179.9" in str(segments["Recent"])
    assert plant.csv()[1].endswith(",160.0,")

"""Claims about `gateway backfill`, from a real embedded history to the reference platform."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from gateway.app.backfill import Backfill, BackfillReport, ResumePoint, resume_point
from gateway.app.kinds import KINDS
from gateway.cli.backfill import backfill
from gateway.core.clock import SystemClock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Answer, Record
from gateway.core.types import UnixNs
from gateway.history.config import HistoryConfig
from gateway.history.embedded import EmbeddedStore
from tests.integration.platform_parts import (
    PlatformProcess,
    http_sink,
    records,
    running_platform,
    samples,
    table,
)

AT = 1795439647800000000
TABLES = {"cnc-02": table("cnc-02", None), "press-01": table("press-01", None, None)}
RATE = 1e9


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    with running_platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
async def platform(process: PlatformProcess) -> AsyncIterator[PlatformProcess]:
    async with process.fresh() as running:
        yield running


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[EmbeddedStore]:
    store = EmbeddedStore(HistoryConfig(), tmp_path / "history", SystemClock(), linger_s=0.0)
    press = samples(TABLES["press-01"], np.arange(50_000) * 0.5, received=AT)
    text = samples(TABLES["press-01"], ["run", "stop"], signals=[1, 1], received=AT + 5)
    cnc = samples(TABLES["cnc-02"], np.arange(10, dtype=np.int32), received=AT)
    await store.append(records([press, text, cnc]))
    yield store
    await store.close()


def span(first: int = 0, last: int = 100_000) -> tuple[UnixNs, UnixNs]:
    return UnixNs(AT + first), UnixNs(AT + last)


def job(history: EmbeddedStore, sink: Any, point: ResumePoint) -> Backfill:
    return Backfill(history, sink, TABLES, SystemClock(), point, rate=RATE)


async def test_a_span_arrives_marked_typed_and_complete_under_an_epoch_of_its_own(
    platform: PlatformProcess, history: EmbeddedStore, tmp_path: Path
) -> None:
    point = resume_point(tmp_path, "central", *span())
    async with http_sink(platform.url, backfilled=True) as sink:
        report = await job(history, sink, point).run(*span(last=45_000))
    assert report.samples == {"cnc-02": 10, "press-01": 45_002}
    assert not report.refused
    stored = await platform.stored()
    assert all(record["backfilled"] is True for record in stored)
    rows = (await platform.get("samples", device="press-01", limit=100_000))["rows"]
    found = [(row["time"], row["value"]) for row in rows if row["name"] == "금형온도_0"]
    assert sorted(found) == [(AT + n, n * 0.5) for n in range(45_000)]
    plans = (await platform.get("records", limit=100_000))["plans"]
    types = {s["name"]: s["valueType"] for p in plans.values() for s in p["signals"]
             if s["device"] == "press-01"}  # fmt: skip
    assert types == {"금형온도_0": "xs:double", "금형온도_1": "xs:string"}
    assert point.load() is None


@pytest.mark.invariant("I3")
async def test_two_runs_never_share_an_epoch(
    platform: PlatformProcess, history: EmbeddedStore, tmp_path: Path
) -> None:
    point = resume_point(tmp_path, "central", *span())
    async with http_sink(platform.url, backfilled=True) as sink:
        await job(history, sink, point).run(*span(last=5))
        await job(history, sink, point).run(*span(last=9))
    summary = await platform.get("summary")
    assert len(summary["epochs"]) == 2
    assert summary["conflicts"] == 0


async def test_an_interrupted_run_goes_on_from_the_page_that_was_under_way(
    history: EmbeddedStore, tmp_path: Path
) -> None:
    times: list[int] = []
    broken = True

    class Takes:
        name = "central"

        async def write(self, epoch: str, found: Sequence[Record]) -> Answer:
            if broken and len(times) > 30_000:
                raise SinkUnavailable("http-401", hold=True)
            for record in found:
                times.extend(record.item.times.tolist())  # type: ignore[union-attr]
            return Answer(((found[0].offset, found[-1].offset),))

        async def close(self) -> None: ...

    point = resume_point(tmp_path, "central", *span())
    with pytest.raises(SinkUnavailable):
        await job(history, Takes(), point).run(*span())
    assert len(times) < 50_000
    broken = False
    report = await job(history, Takes(), point).run(*span())
    assert report.resumed
    assert len(times) == 50_012  # whole pages were settled, so nothing came twice


async def test_failures_are_waited_out_and_refusals_counted(
    platform: PlatformProcess, history: EmbeddedStore, tmp_path: Path
) -> None:
    await platform.refuse({"device": "cnc-02", "reason": "not contracted"})
    await platform.fault("500", count=2)
    waited: list[str] = []

    def progress(report: BackfillReport) -> None:
        waited.append(report.waiting)

    point = resume_point(tmp_path, "central", *span())
    async with http_sink(platform.url, backfilled=True) as sink:
        run = Backfill(history, sink, TABLES, SystemClock(), point, rate=RATE, progress=progress)
        report = await run.run(*span(last=100))
    assert report.refused == {"not contracted": 10}
    assert any(text.startswith("http-500") for text in waited)
    assert (await platform.get("summary"))["samples"] == 102


async def test_a_damaged_resume_file_only_means_to_begin_again(tmp_path: Path) -> None:
    point = resume_point(tmp_path, "central", *span())
    point.save("press-01", UnixNs(AT))
    assert point.load() == ("press-01", AT)
    for content in ("", "[]", '{"device": 1}', '{"device": "x", "start": "y"}'):
        next((tmp_path / "backfill").iterdir()).write_text(content)
        assert point.load() is None


GATEWAY_YAML = """\
version: 1
gateway:
  id: edge-07
  id_base: https://hanil.example/ids
devices: devices/*.yaml
platform:
  - {{ name: central, kind: http, url: "{url}", token: !env PLATFORM_TOKEN, send: [usage] }}
"""
DEVICE_YAML = """\
version: 1
device: press-01
connect: opc.tcp://127.0.0.1:4840
tags:
  - temp: ns=2;s=temp
"""


async def test_the_command_counts_in_a_dry_run_and_sends_otherwise(
    platform: PlatformProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.config.plan import load_plan

    folder, data = tmp_path / "config", tmp_path / "data"
    (folder / "devices").mkdir(parents=True)
    (folder / "gateway.yaml").write_text(GATEWAY_YAML.format(url=platform.url))
    (folder / "devices" / "press.yaml").write_text(DEVICE_YAML)
    environ = {"PLATFORM_TOKEN": "only-for-tests"}
    plan = load_plan(folder, data, environ, KINDS)
    store = EmbeddedStore(HistoryConfig(), data / "history", SystemClock(), linger_s=0.0)
    past = samples(plan.devices["press-01"].table, np.arange(7.0), received=AT - 86_400 * 10**9)
    await store.append(records([past]))
    await store.close()
    app = Typer()
    app.command()(backfill)
    command = ["--from", "2026-11-22T00:00Z", "--to", "2026-11-23T00:00Z", "--json"]
    command += ["--config", str(folder), "--data", str(data)]

    def run(*more: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*command, *more], env=environ)
        return result.exit_code, result.stdout

    import asyncio

    code, text = await asyncio.to_thread(run, "--dry-run")
    assert (code, json.loads(text)["samples"]) == (0, {"press-01": 7})
    assert (await platform.get("summary"))["samples"] == 0
    code, text = await asyncio.to_thread(run)
    assert (code, json.loads(text)["samples"]) == (0, {"press-01": 7})
    assert (await platform.get("summary"))["samples"] == 7
    code, _ = await asyncio.to_thread(run, "--sink", "elsewhere")
    assert code == 2

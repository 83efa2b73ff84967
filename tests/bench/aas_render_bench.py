"""Prints what live AAS values cost: taking them over, rendering them, and GETs over HTTP.

python -m tests.bench.aas_render_bench [--properties 1000] [--seconds 5]

basyx renders the same submodel in the same run, and submodels of 10 to 10,000 properties. The HTTP
client is a process of its own that asks again at once; all values change fifty times a second
meanwhile. Last, 10,000 live properties take 10,000 updates a second while a client reads a tenth of
them. GETs are wall time, the rest CPU.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import multiprocessing
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from aas_models.export import filled, to_basyx
from aas_models.live import LiveValues
from aas_models.served import ServedSubmodel
from gateway.core.assets import AssetModel
from gateway.core.records import Batch, Record
from tests.integration.api_parts import b64, served
from tests.unit.aas.parts import asset_model, batch, press, records, signal, submodel_id

CHANGE_EVERY_S = 0.02
TAKEN = 1_024
OPERATIONAL = submodel_id("press-01", "OperationalData")


def press_with(properties: int, device: str = "press-01") -> AssetModel:
    info = replace(press(device).info, device=device)
    return asset_model(
        device=device,
        info=info,
        signals=[
            signal(
                place,
                f"Group{place // 50:03}.Temperature{place:05}",
                device=device,
                name=f"금형온도_{place}",
                unit="degC",
            )
            for place in range(properties)
        ],
    )


def times_of(work: Callable[[], Any], count: int) -> list[float]:
    spent = []
    for _ in range(count):
        begun = time.thread_time()
        work()
        spent.append(time.thread_time() - begun)
    return sorted(spent)


def line(name: str, spent: Sequence[float], scale: float = 1e3, unit: str = "ms") -> None:
    p50, p99 = statistics.median(spent) * scale, spent[int(len(spent) * 0.99) - 1] * scale
    print(f"{name:<56} p50 {p50:9.4f}  p99 {p99:9.4f} {unit}")


def changes(model: AssetModel, count: int) -> list[Record]:
    rng = np.random.default_rng(7)
    indices = np.arange(count) % len(model.table.signals)
    return records(batch(model.table, indices.tolist(), rng.random(count) * 200))


def take_over(model: AssetModel) -> None:
    given = {f"a batch of {n:,}": changes(model, n) for n in (1, 5, 20, 1_000, 5_000)}
    given["1,000 texts"] = records(batch(model.table, list(range(1_000)), ["run"] * 1_000))
    for name, batches in given.items():
        live = LiveValues([model])
        live.on_records(batches)
        begun = time.thread_time()
        for _ in range(TAKEN):
            live.on_records(batches)
        assert live.version  # looking stores what waits
        spent = (time.thread_time() - begun) * 1e6 / TAKEN
        values = len(batches[0].item) if isinstance(batches[0].item, Batch) else 0
        print(f"{'take over ' + name:<56} {spent:9.2f} us, {spent / values:.4f} a value")


def render(model: AssetModel) -> None:
    live = LiveValues([model])
    submodel = live.submodel(OPERATIONAL)
    assert submodel is not None
    every = changes(model, len(model.table.signals))
    live.on_records(every)
    for form in ("normal", "value"):
        size = len(submodel.render("", form))
        line(
            f"render {form} ({size:,} bytes), nothing changed",
            times_of(_render(submodel, form), 300),
        )

        def changed(form: str = form) -> None:
            live.on_records(every)
            submodel.render("", form)

        line(f"take over all and render {form}", times_of(changed, 300))
    basyx_render(model, live)


def _render(submodel: ServedSubmodel, form: str) -> Callable[[], bytes]:
    return lambda: submodel.render("", form)


def basyx_render(model: AssetModel, live: LiveValues) -> None:
    from basyx.aas.adapter.json import AASToJsonEncoder

    store = to_basyx(filled(live.environment, live.readings()))
    submodel = store.get_item(OPERATIONAL)
    spent = times_of(lambda: json.dumps(submodel, cls=AASToJsonEncoder), 10)
    line(f"basyx renders the same {len(model.table.signals):,} properties", spent)


def ask(pipe: Connection, url: str, path: str, seconds: float) -> None:
    """The client's process: one connection, one request after the other."""
    host = url.removeprefix("http://")
    client = http.client.HTTPConnection(host, timeout=10)
    spent = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        client.request("GET", path)
        answer = client.getresponse()
        answer.read()
        spent.append(time.perf_counter() - begun)
        assert answer.status == 200
    pipe.send(spent)


async def over_http(model: AssetModel, seconds: float) -> None:
    every = changes(model, len(model.table.signals))
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder), models=[model]) as running:
            running.live.on_records(every)

            async def change() -> None:
                while True:
                    running.live.on_records(every)
                    await asyncio.sleep(CHANGE_EVERY_S)

            async with asyncio.TaskGroup() as group:
                changing = group.create_task(change())
                for name, suffix in (("whole submodel", ""), ("$value", "/$value")):
                    path = f"/submodels/{b64(OPERATIONAL)}{suffix}"
                    spent = await asyncio.to_thread(asked, running.server.url, path, seconds)
                    line(f"GET {name} over HTTP, another process", sorted(spent))
                changing.cancel()


UPDATES_A_SECOND = 10_000
GROUPS = 10


async def under_load(seconds: float) -> None:
    """10,000 properties in ten devices, all of them new every second; how late the loop is."""
    size = UPDATES_A_SECOND // GROUPS
    models = [press_with(size, f"press-{place:02}") for place in range(GROUPS)]
    each = [changes(model, size) for model in models]
    late: list[float] = []
    spent_loop = [0.0]
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder), models=models) as running:

            async def update() -> None:
                loop = asyncio.get_running_loop()
                due, place = loop.time(), 0
                while True:
                    begun = time.thread_time()
                    running.live.on_records(each[place % GROUPS])
                    spent_loop[0] += time.thread_time() - begun
                    due, place = due + 1 / GROUPS, place + 1
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    late.append(loop.time() - due)

            async with asyncio.TaskGroup() as group:
                updating = group.create_task(update())
                path = f"/submodels/{b64(submodel_id('press-03', 'OperationalData'))}"
                for name, suffix in (("whole of 1,000", ""), ("$value of 1,000", "/$value")):
                    url = running.server.url
                    spent = await asyncio.to_thread(asked, url, path + suffix, seconds)
                    line(f"10,000 updates/s meanwhile: GET {name}", sorted(spent))
                updating.cancel()
    share = spent_loop[0] / (len(late) / GROUPS) * 100
    print(f"{'taking 10,000 updates a second over':<56} {share:13.3f} % of a core")
    line("how late the loop came to an update", sorted(late))


def asked(url: str, path: str, seconds: float) -> list[float]:
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    client = context.Process(target=ask, args=(theirs, url, path, seconds))
    client.start()
    spent: list[float] = ours.recv()
    client.join()
    return spent


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--properties", type=int, default=1_000)
    options.add_argument("--seconds", type=float, default=5.0)
    given = options.parse_args()
    print(f"Python {sys.version.split()[0]}, {platform.machine()}, {given.properties:,} properties")
    begun = time.perf_counter()
    model = press_with(given.properties)
    LiveValues([model])
    print(f"{'compile':<56}     {(time.perf_counter() - begun) * 1e3:9.1f} ms")
    take_over(model)
    render(model)
    from tests.bench.aas_table import sizes_table

    print(sizes_table())
    runner: Any = asyncio.run
    with contextlib.suppress(ImportError):
        import uvloop

        runner = uvloop.run
    runner(over_http(model, given.seconds))
    runner(under_load(given.seconds))


if __name__ == "__main__":
    main()

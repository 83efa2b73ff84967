"""Every row of the table "Shapes of messages" reads its message with its lines."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters.mqtt.config import MqttSource
from adapters.mqtt.decode import Decoder
from adapters.mqtt.framing import Read
from gateway.app.kinds import KINDS
from gateway.config.plan import DevicePlan, load_plan
from gateway.core.records import Batch
from gateway.core.types import BAD, UnixNs
from gateway.mapping.mapper import Mapper
from gateway.ops.health import DeviceHealth
from tests.unit.docs.pages import ROOT, korean

PAGE = ROOT / "docs" / "machines.md"
TABLE = re.compile(r"<!-- shapes: mqtt -->(.*?)<!-- end of shapes -->", re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
ESCAPES = {"\\0": "\0", "\\r": "\r", "\\n": "\n", "\\ufeff": "\ufeff"}
AT = UnixNs(1_796_000_000_000_000_000)
ROWS_MIN = 18


def rows(page: Path) -> list[Any]:
    found = TABLE.search(page.read_text("utf-8"))
    assert found is not None
    lines = [line for line in found[1].splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [pytest.param(*row[1:], id=f"{page.name}-{row[0].strip()}") for row in cells]


def loaded(lines: str, folder: Path) -> dict[str, DevicePlan]:
    text = "\n".join(CODE.findall(lines))
    topic = "" if "topic:" in text else "topic: plant/line\n"
    (folder / "devices").mkdir()
    (folder / "gateway.yaml").write_text("gateway: { id: edge-01 }\n")
    device = f"connect: mqtt://127.0.0.1\n{topic}{text}\n"
    (folder / "devices" / "a.yaml").write_text(device, "utf-8")
    return dict(load_plan(folder, folder / "data", {}, KINDS).devices)


def stored(name: str, device: DevicePlan, topic: str, payload: str, lead: bool) -> list[str]:
    source = device.source
    assert isinstance(source, MqttSource)
    for shown, meant in ESCAPES.items():
        payload = payload.replace(shown, meant)
    message = (topic.encode(), payload.encode(source.encoding), b"")
    decoder = Decoder(source, DeviceHealth(name, 1))
    mapper = Mapper(device.rules, device.table)
    parts = [
        part
        for item in decoder.decode([Read(AT, [message], 0)])
        if isinstance(item, Batch)
        for part in mapper.map(item)
    ]
    texts = [text for part in parts for text in written(part)]
    return [f"{name}: {text}" if lead else text for text in texts]


def written(batch: Batch) -> list[str]:
    values = batch.values.tolist() if isinstance(batch.values, np.ndarray) else batch.values
    status = [0] * len(batch) if batch.status is None else batch.status.tolist()
    found = []
    for index, time, value, code in zip(
        batch.signals.tolist(), batch.times.tolist(), values, status, strict=True
    ):
        name = batch.plan.signals[index].name
        text = f"{name} bad" if code >= BAD else f"{name} = {value}"
        found.append(text if batch.received_time else f"{text} @ {moment(time)}")
    return found


def moment(time: int) -> str:
    seconds, rest = divmod(time, 10**9)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{rest // 10**6:03d}Z" if rest else f"{whole}Z"


@pytest.mark.parametrize(("message", "lines", "expected"), [*rows(PAGE), *rows(korean(PAGE))])
def test_the_lines_of_a_row_read_its_message(
    message: str, lines: str, expected: str, tmp_path: Path
) -> None:
    *topic, payload = CODE.findall(message)
    devices = loaded(lines, tmp_path)
    found = [
        text
        for name, device in devices.items()
        for text in stored(
            name, device, topic[0] if topic else "plant/line", payload, len(devices) > 1
        )
    ]
    assert sorted(found) == sorted(CODE.findall(expected))


def test_both_pages_have_the_same_rows() -> None:
    assert len(rows(PAGE)) == len(rows(korean(PAGE))) >= ROWS_MIN
    pairs = zip(rows(PAGE), rows(korean(PAGE)), strict=True)
    assert all(one.values == other.values for one, other in pairs)

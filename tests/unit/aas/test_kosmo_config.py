"""KOSMO files to a configuration and back."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from aas_models.importing import read_path
from aas_models.kosmo.engineering import Row, read_engineering
from aas_models.kosmo.nodeset import write_nodeset
from aas_models.kosmo.nodeset_read import read_nodes
from aas_models.kosmo.syscfg import read_syscfg
from adapters.opcua.config import OpcUaSource
from gateway.app.kinds import ADAPTERS
from gateway.config.plan import GatewayPlan, load_plan
from gateway.exchange.kosmo.exporting import export_environment, export_plan
from gateway.exchange.kosmo.importing import Imported, find_files, import_kosmo
from tests.unit.aas.kosmo_cases import CASES, NAMES, environment, needs_cases

MAPPED = {"a-flat-types": 20, "b-nested": 34, "c-cloud": 19, "d-line": 33, "e-300": 262,
          "f-special": 9}  # fmt: skip
FAST = {"c-cloud", "d-line", "f-special"}


def imported(case: str, out: Path) -> tuple[Imported, GatewayPlan]:
    files = find_files(CASES / case)
    made = import_kosmo(files, read_path(files.model).environment, out, ADAPTERS)
    return made, load_plan(out, out / "data", {})


@pytest.mark.reference
@needs_cases
@pytest.mark.parametrize("case", NAMES)
def test_every_mapped_row_is_collected_from_its_tag(case: str, tmp_path: Path) -> None:
    made, plan = imported(case, tmp_path)
    assert made.lost == ()
    assert made.tags == made.rows == MAPPED[case]
    assert plan.findings == ()
    with (CASES / case / "mapping.expected.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["state"] == "mapped"]
    wanted = {
        (r["aas_node"].removeprefix("ns=2;s="), r["field_node"], float(r["sampling_ms"]) / 1000,
         int(r["array_index"]))
        for r in rows
    }  # fmt: skip
    found = set()
    for device in plan.devices.values():
        assert isinstance(device.source, OpcUaSource)
        for signal, item in zip(device.table.signals, device.source.items, strict=True):
            index = -1 if item.element is None else item.element
            found.add((signal.name, item.address, item.sampling_s, index))
    assert found == wanted


@pytest.mark.reference
@needs_cases
@pytest.mark.parametrize("case", NAMES)
def test_the_configuration_gives_the_three_files_back(case: str, tmp_path: Path) -> None:
    _, plan = imported(case, tmp_path)
    made = export_plan(plan, ADAPTERS)
    assert [p for p in made.problems if not p.harmless] == []
    given = read_engineering((CASES / case / "engineering-filled.csv").read_bytes())
    back = read_engineering(made.files["engineering.csv"])
    assert {r.aas_node: r for r in _without_lines(back.rows)} == {
        r.aas_node: r for r in _without_lines(given.rows)
    }
    unfilled = (CASES / case / "engineering.csv").read_text("utf-8").splitlines()
    assert [r.aas_node for r in back.rows] == [line.split(", ")[0] for line in unfilled]
    filled = CASES / case / "syscfg-filled.json"
    if filled.exists():
        assert json.loads(made.files["syscfg.json"]) == json.loads(filled.read_text("utf-8"))
    nodeset, _ = write_nodeset(environment(case))
    assert read_nodes(made.files["nodeset.xml"]) == read_nodes(nodeset)


def _without_lines(rows: Iterable[Row]) -> list[Row]:
    return [replace(row, line=0) for row in rows]


@pytest.mark.reference
@needs_cases
@pytest.mark.parametrize("case", NAMES)
def test_through_the_tolerant_importer_the_files_stay_the_same(case: str) -> None:
    read = read_path(CASES / case / "environment.aas.xml")
    assert read.lost == ()
    made = export_environment(read.environment)
    assert made.files["nodeset.xml"] == write_nodeset(environment(case))[0]
    assert made.files["engineering.csv"] == (CASES / case / "engineering.csv").read_bytes()


@pytest.mark.reference
@needs_cases
def test_several_gateways_become_one_and_one_can_be_chosen(tmp_path: Path) -> None:
    made, _ = imported("c-cloud", tmp_path / "both")
    assert "several-gateways" in {problem.code for problem in made.problems}
    files = find_files(CASES / "c-cloud")
    model = read_path(files.model).environment
    one = import_kosmo(files, model, tmp_path / "one", ADAPTERS, "GW_PRESS")
    assert one.tags == 8
    assert [device.name for device in one.devices] == ["press01"]
    assert [device.name for device in made.devices] == [
        "mct01-mct01-nc", "mct01-power-meter01", "press01",
    ]  # fmt: skip


@pytest.mark.reference
@needs_cases
def test_a_broken_syscfg_is_told_and_the_aas_stands_in(tmp_path: Path) -> None:
    case = tmp_path / "case"
    shutil.copytree(CASES / "f-special", case)
    shutil.copy(case / "syscfg.json.reference", case / "syscfg.json")
    files = find_files(case)
    made = import_kosmo(files, read_path(files.model).environment, tmp_path / "out", ADAPTERS)
    assert made.tags == 9
    assert [p.code for p in made.lost] == ["syscfg-json"]


@pytest.mark.reference
@needs_cases
def test_a_device_without_an_adapter_is_named_with_its_rows(tmp_path: Path) -> None:
    case = tmp_path / "case"
    shutil.copytree(CASES / "c-cloud", case)
    text = (case / "syscfg.json").read_text("utf-8")
    (case / "syscfg.json").write_text(
        text.replace("opc.tcp://192.0.2.142:4841/meter", "modbus-tcp://192.0.2.142:502"), "utf-8"
    )
    files = find_files(case)
    made = import_kosmo(files, read_path(files.model).environment, tmp_path / "out", ADAPTERS)
    (problem,) = made.lost
    assert problem.code == "protocol-missing"
    assert problem.facts == {"device": "POWER_METER01", "scheme": "modbus-tcp", "rows": "2"}
    assert made.tags == made.rows - 2


@pytest.mark.reference
@needs_cases
def test_a_changed_address_and_a_new_tag_come_back(tmp_path: Path) -> None:
    imported("a-flat-types", tmp_path)
    path = tmp_path / "devices" / "lathe01.yaml"
    text = path.read_text("utf-8").replace("192.0.2.121", "192.0.2.99")
    path.write_text(text + '  - { name: Extra, node: "ns=3;s=NC.Extra" }\n', "utf-8")
    made = export_plan(load_plan(tmp_path, tmp_path / "data", {}), ADAPTERS)
    (gateway,) = read_syscfg(made.files["syscfg.json"]).gateways
    assert gateway.devices[0].connection == "opc.tcp://192.0.2.99:4840"
    rows = {row.aas_node: row for row in read_engineering(made.files["engineering.csv"]).rows}
    assert rows["ns=2;s=Lathe01_own.OperationalData.Extra"].field_node == "ns=3;s=NC.Extra"
    assert made.mapped == 21


GATEWAY = "version: 1\ngateway: { id: edge-07 }\ndevices: devices/*.yaml\n"
PRESS = """version: 1
device: press-01
connect: opc.tcp://192.0.2.5
every: 500ms
tags:
  - { name: 금형온도, node: "ns=2;s=Mold.Temp", type: double, aas: OperationalData.Mold.Temp }
  - { name: Axis1, node: "ns=2;s=Axis", index: 0, sampling: 100ms, type: int32 }
"""
ROOM = """version: 1
device: room
connect: mqtt://192.0.2.6
topic: env/room
tags:
  - { name: Temp, json: $.temp, type: double }
"""


def own_config(folder: Path) -> Path:
    (folder / "devices").mkdir(parents=True)
    (folder / "gateway.yaml").write_text(GATEWAY, "utf-8")
    (folder / "devices" / "press-01.yaml").write_text(PRESS, "utf-8")
    (folder / "devices" / "room.yaml").write_text(ROOM, "utf-8")
    return folder


def test_any_configuration_gives_files_that_make_it_again(tmp_path: Path) -> None:
    first = own_config(tmp_path / "first")
    made = export_plan(load_plan(first, first / "data", {}), ADAPTERS)
    assert {p.code for p in made.problems} == {"other-protocol"}
    made.write(tmp_path / "files")
    files = find_files(tmp_path / "files")
    assert files.model.name == "nodeset.xml"
    from gateway.exchange.kosmo.importing import read_model

    model = read_model(files.model, "en").environment
    again = import_kosmo(files, model, tmp_path / "second", ADAPTERS, unsafe=True)
    assert again.lost == ()
    plan = load_plan(tmp_path / "second", tmp_path / "data", {})
    assert plan.settings.gateway.id == "edge-07"
    assert [
        d.source.unsafe for d in plan.devices.values() if isinstance(d.source, OpcUaSource)
    ] == [True]
    assert _collected(plan) == {
        ("opc.tcp", "ns=2;s=Mold.Temp", 0.5, None, "xs:double"),
        ("opc.tcp", "ns=2;s=Axis", 0.1, 0, "xs:int"),
        ("mqtt", "env/room", "$.temp", None, "xs:double"),
    }


def _collected(plan: GatewayPlan) -> set[tuple[object, ...]]:
    found: set[tuple[object, ...]] = set()
    for device in plan.devices.values():
        types = [signal.value_type for signal in device.table.signals]
        if isinstance(device.source, OpcUaSource):
            for item, kind in zip(device.source.items, types, strict=True):
                found.add(("opc.tcp", item.address, item.sampling_s, item.element, kind))
        else:
            for each, kind in zip(device.source.items, types, strict=True):
                found.add(("mqtt", each.topic, each.json, None, kind))
    return found

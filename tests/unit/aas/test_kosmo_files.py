"""KOSMO files against the reference parser's, case by case."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest

from aas_models.kosmo.engineering import (
    Row,
    read_engineering,
    unfilled,
    write_engineering,
)
from aas_models.kosmo.nodeset import write_nodeset
from aas_models.kosmo.nodeset_read import NodeEntry, environment_of, read_nodes
from aas_models.kosmo.space import address_space
from aas_models.kosmo.syscfg import read_syscfg, system_of, write_syscfg
from tests.unit.aas.kosmo_cases import CASES, NAMES, environment, needs_cases

pytestmark = [pytest.mark.reference, needs_cases]
ENCODINGS = ("utf-8", "utf-8-sig", "cp949", "utf-8", "utf-8-sig", "cp949")


def deviations(case: str) -> dict[str, dict[str, str]]:
    with (CASES / case / "nodeset.deviations.csv").open(encoding="utf-8", newline="") as file:
        return {row["node"]: row for row in csv.DictReader(file)}


def reference_nodes(case: str) -> dict[str, NodeEntry]:
    sound = CASES / case / "nodeset.expected.xml"
    path = sound if sound.exists() else CASES / case / "nodeset.xml"
    return read_nodes(path.read_bytes())


def our_nodes(case: str) -> dict[str, NodeEntry]:
    data, problems = write_nodeset(environment(case))
    assert problems == []
    return read_nodes(data)


@pytest.mark.parametrize("case", NAMES)
def test_nodeset_has_the_reference_nodes_in_its_order(case: str) -> None:
    ours, theirs = our_nodes(case), reference_nodes(case)
    assert list(ours) == list(theirs)
    for identifier, node in ours.items():
        other = theirs[identifier]
        assert (node.kind, node.name, node.parent) == (other.kind, other.name, other.parent)
        assert node.children == other.children


@pytest.mark.parametrize("case", NAMES)
def test_types_and_values_are_the_reference_ones_where_those_are_sound(case: str) -> None:
    ours, theirs = our_nodes(case), reference_nodes(case)
    wrong = deviations(case) if case != "f-special" else {}
    for identifier in ours.keys() - wrong.keys():
        node, other = ours[identifier], theirs[identifier]
        assert (node.data_type, node.value) == (other.data_type, other.value), identifier


SOUND = {
    "xs:date": "DateTime", "xs:boolean": "Boolean", "xs:decimal": "Double", "xs:long": "Int64",
    "xs:byte": "SByte",
}  # fmt: skip


def test_every_value_that_the_reference_lost_is_carried() -> None:
    ours = our_nodes("a-flat-types")
    wrong = deviations("a-flat-types")
    assert len(wrong) == 6
    for identifier, row in wrong.items():
        value = row["value"] + "T00:00:00Z" if row["value_type"] == "xs:date" else row["value"]
        assert (ours[identifier].data_type, ours[identifier].value) == (
            SOUND[row["value_type"]],
            value,
        )


def test_reference_types_on_wish_where_the_value_fits() -> None:
    data, _ = write_nodeset(environment("a-flat-types"), "reference")
    ours, theirs = read_nodes(data), reference_nodes("a-flat-types")
    assert {k: n.data_type for k, n in ours.items()} == {k: n.data_type for k, n in theirs.items()}


@pytest.mark.parametrize("case", NAMES)
def test_nodeset_bytes_are_the_reference_ones_when_no_value_deviates(case: str) -> None:
    data, _ = write_nodeset(environment(case))
    sound = CASES / case / "nodeset.expected.xml"
    theirs = (sound if sound.exists() else CASES / case / "nodeset.xml").read_bytes()
    if case != "a-flat-types":
        assert data.strip() == theirs.strip()


@pytest.mark.parametrize("case", NAMES)
def test_an_imported_nodeset_gives_the_same_node_ids_again(case: str) -> None:
    theirs = reference_nodes(case)
    made = environment_of(theirs)
    again, problems = write_nodeset(made)
    assert problems == []
    back = read_nodes(again)
    assert set(back) == set(theirs)
    for identifier, node in back.items():
        other = theirs[identifier]
        assert (node.data_type, node.parent) == (other.data_type, other.parent)
        assert node.value in {other.value, f"{other.value}T00:00:00Z"}


@pytest.mark.parametrize("case", NAMES)
def test_unfilled_table_is_the_reference_one_byte_for_byte(case: str) -> None:
    ours = write_engineering(unfilled(address_space(environment(case))))
    assert ours == (CASES / case / "engineering.csv").read_bytes()


@pytest.mark.parametrize(("case", "encoding"), [*zip(NAMES, ENCODINGS, strict=True)])
def test_a_filled_table_means_what_the_case_says_cell_by_cell(case: str, encoding: str) -> None:
    table = read_engineering((CASES / case / "engineering-filled.csv").read_bytes())
    assert table.problems == ()
    assert table.encoding == encoding
    with (CASES / case / "mapping.expected.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    assert [_cells(row) for row in table.rows] == expected


def _cells(row: Row) -> dict[str, str]:
    return {
        "line": str(row.line),
        "state": row.state,
        "aas_node": row.aas_node,
        "gateway": row.gateway,
        "device": row.device,
        "field_node": row.field_node,
        "sampling_ms": f"{row.sampling_ms:g}",
        "array_index": str(row.array_index),
    }


@pytest.mark.parametrize("for_spreadsheet", [False, True])
@pytest.mark.parametrize("case", NAMES)
def test_a_filled_table_survives_being_written(case: str, *, for_spreadsheet: bool) -> None:
    table = read_engineering((CASES / case / "engineering-filled.csv").read_bytes())
    data = write_engineering(table.rows, for_spreadsheet=for_spreadsheet)
    again = read_engineering(data)
    assert again.problems == ()
    assert [_meaning(row) for row in again.rows] == [_meaning(row) for row in table.rows]


def _meaning(row: Row) -> tuple[Any, ...]:
    return (
        row.aas_node, row.gateway, row.device, row.field_node, row.sampling_ms, row.array_index,
    )  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_syscfg_says_what_the_reference_says(case: str) -> None:
    sound = CASES / case / "syscfg.expected.json"
    theirs = (sound if sound.exists() else CASES / case / "syscfg.json").read_text("utf-8")
    assert json.loads(write_syscfg(system_of(environment(case)))) == json.loads(theirs)


@pytest.mark.parametrize("case", ["a-flat-types", "b-nested", "e-300"])
def test_a_completed_syscfg_is_read_and_written_whole(case: str) -> None:
    data = (CASES / case / "syscfg-filled.json").read_bytes()
    system = read_syscfg(data)
    assert system.problems == ()
    assert json.loads(write_syscfg(system)) == json.loads(data)


def test_a_broken_syscfg_is_refused_with_its_line() -> None:
    system = read_syscfg((CASES / "f-special" / "syscfg.json.reference").read_bytes())
    assert system.gateways == ()
    assert [(problem.code, problem.line) for problem in system.problems] == [("syscfg-json", 17)]

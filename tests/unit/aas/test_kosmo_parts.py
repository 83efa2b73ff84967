"""KOSMO files as people spoil them; no reference data needed."""

from __future__ import annotations

import contextlib
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_models.kosmo.data_types import typed
from aas_models.kosmo.engineering import Row, read_engineering, write_engineering
from aas_models.kosmo.nodeset import write_nodeset
from aas_models.kosmo.nodeset_read import environment_of, read_nodes
from aas_models.kosmo.problems import TEXTS
from aas_models.kosmo.space import address_space
from aas_models.kosmo.syscfg import read_syscfg
from gateway.core.errors import AasError

A, B = "ns=2;s=M.Data.A", "ns=2;s=M.Data.B"


def told(text: str) -> list[tuple[str, int | None]]:
    table = read_engineering(text.encode())
    return [(problem.code, problem.line) for problem in table.problems]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"{A},GW,DEV,ns=2;s=a,b,100,-1", "comma-unquoted"),
        (f"{A},GW,,ns=2;s=a,100,-1", "incomplete"),
        (f"{A},GW,DEV,ns=2;s=a,fast,-1", "sampling"),
        (f"{A},GW,DEV,ns=2;s=a,0,-1", "sampling"),
        (f"{A},GW,DEV,ns=2;s=a,100,x", "index"),
        (f"{A},GW,DEV,ns=2;s=a,100,-2", "index"),
        (f"{A},GW,DEV,ns=2;s=a,100,-1,비고", "remark"),
        (f'{A},GW,DEV,"ns=2;s=a,100,-1', "quote-open"),
        (f'{A},GW,DEV,"ns=2;s=a"b,100,-1', "text-after-quote"),
        ("ns=2;i=7,GW,DEV,ns=2;s=a,100,-1", "no-node"),
    ],
)
def test_a_spoiled_line_is_told_and_its_neighbours_are_read(line: str, code: str) -> None:
    text = f"{B},GW,DEV,ns=2;s=b,100,-1\n{line}\nns=2;s=M.C,GW,DEV,ns=2;s=c,100,-1\n"
    assert told(text) == [(code, 2)]
    kept = {row.aas_node for row in read_engineering(text.encode()).mapped}
    assert {B, "ns=2;s=M.C"} <= kept


def test_a_name_with_a_comma_in_an_unfilled_file_is_put_together_again() -> None:
    (row,) = read_engineering(b"ns=2;s=M.Data.Force, max, , , , 100, -1\n").rows
    assert row == Row("ns=2;s=M.Data.Force, max", line=1)


def test_excel_numbers_are_numbers() -> None:
    (row,) = read_engineering(f'{A},GW,DEV,ns=2;s=a,"1,000",2.0\n'.encode()).rows
    assert (row.sampling_ms, row.array_index) == (1000, 2)


def test_tabs_and_utf16_of_a_spreadsheet_are_read() -> None:
    table = read_engineering(f"{A}\tGW\tDEV\tns=2;s=온도\t100\t-1\r\n".encode("utf-16"))
    assert table.encoding == "utf-16"
    assert table.mapped[0].field_node == "ns=2;s=온도"


def test_of_two_rows_of_one_node_the_filled_one_counts() -> None:
    text = f"{A},,,,100,-1\n{A},GW,DEV,ns=2;s=a,100,-1\n"
    table = read_engineering(text.encode())
    assert [row.line for row in table.rows] == [2]
    assert told(text + f"{A},GW,DEV,ns=2;s=b,100,-1\n") == [("node-twice", 3)]


def test_bytes_of_no_encoding_are_told() -> None:
    assert [p.code for p in read_engineering(b"\xff\x81\x00").problems] == ["not-utf8-not-cp949"]


plain = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)
cells = st.lists(st.one_of(plain, st.sampled_from([",", '"', ";", " ", "온도"]))).map("".join)


@given(st.lists(st.tuples(plain, cells, cells, cells), unique_by=lambda row: row[0]), st.booleans())
def test_whatever_is_written_is_read_back(rows: list[Any], sheet: bool) -> None:
    made = [
        Row(f"ns=2;s={name}", gateway.strip(), device.strip(), tag.strip())
        for name, gateway, device, tag in rows
    ]
    data = write_engineering(made, for_spreadsheet=sheet)
    back = read_engineering(data).rows
    assert [(r.aas_node, r.gateway, r.device, r.field_node) for r in back] == [
        (r.aas_node, r.gateway, r.device, r.field_node) for r in made
    ]


@given(st.binary(max_size=400))
def test_no_bytes_break_the_readers(data: bytes) -> None:
    read_engineering(data)
    read_syscfg(data)
    with contextlib.suppress(AasError):
        environment_of(read_nodes(data))


@pytest.mark.parametrize(
    ("value_type", "value", "expected"),
    [
        ("xs:byte", "-4", ("SByte", "-4")),
        ("xs:unsignedByte", "256", ("Byte", None)),
        ("xs:integer", "5", ("Int32", "5")),
        ("xs:integer", "9000000000", ("Int64", "9000000000")),
        ("xs:integer", "1" + "0" * 30, ("String", "1" + "0" * 30)),
        ("xs:decimal", "18234.75", ("Double", "18234.75")),
        ("xs:boolean", "0", ("Boolean", "false")),
        ("xs:date", "2026-02-28", ("DateTime", "2026-02-28T00:00:00Z")),
        ("xs:date", "2026-02-28+09:00", ("DateTime", "2026-02-27T15:00:00Z")),
        ("xs:date", "2026-02-30", ("DateTime", None)),
        ("xs:double", "1E2", ("Double", "1E2")),
        ("xs:double", "warm", ("Double", None)),
        ("xs:time", "10:00:00", ("String", "10:00:00")),
        ("XS:INT", "7", ("Int32", "7")),
        ("xs:float", None, ("Float", None)),
    ],
)
def test_a_type_holds_its_value(value_type: str, value: str | None, expected: Any) -> None:
    assert typed(value_type, value) == expected


def shell(name: str, *submodels: str) -> dict[str, Any]:
    return {
        "id": f"urn:{name}",
        "idShort": name,
        "submodels": [{"keys": [{"type": "Submodel", "value": each}]} for each in submodels],
    }


def points_to(name: str) -> dict[str, Any]:
    key = {"type": "AssetAdministrationShell", "value": f"urn:{name}"}
    return {"modelType": "ReferenceElement", "idShort": "Ref", "value": {"keys": [key]}}


def part(identifier: str, *elements: dict[str, Any]) -> dict[str, Any]:
    return {"id": identifier, "idShort": "Data", "submodelElements": list(elements)}


def test_shells_that_refer_to_one_another_end_and_are_told() -> None:
    space = address_space(
        {
            "assetAdministrationShells": [shell("Aa", "urn:1"), shell("Bb", "urn:2")],
            "submodels": [part("urn:1", points_to("Bb")), part("urn:2", points_to("Aa"))],
        }
    )
    assert {problem.code for problem in space.problems} == {"reference-loop"}
    assert [node.tag for node in space.nodes] == ["Aa", "Aa.Data", "Bb", "Bb.Data"]


def test_a_taken_tag_and_a_missing_submodel_are_told() -> None:
    space = address_space(
        {
            "assetAdministrationShells": [shell("Aa", "urn:1", "urn:9"), shell("Aa", "urn:1")],
            "submodels": [part("urn:1")],
        }
    )
    assert [problem.code for problem in space.problems] == ["submodel-missing", "tag-twice"]


def test_original_names_are_used_and_properties_without_value_are_kept() -> None:
    extension = {"name": "originalIdShort", "valueType": "xs:string", "value": "온도 (상)"}
    leaf = {"modelType": "Property", "idShort": "OndoSang", "valueType": "xs:double"}
    data, problems = write_nodeset(
        {
            "assetAdministrationShells": [shell("Press", "urn:1")],
            "submodels": [part("urn:1", {**leaf, "extensions": [extension]})],
        }
    )
    assert problems == []
    node = read_nodes(data)["ns=2;s=Press.Data.온도 (상)"]
    assert (node.data_type, node.value) == ("Double", None)
    back = environment_of(read_nodes(data))
    made = back["submodels"][0]["submodelElements"][0]
    assert made["extensions"][0]["value"] == "온도 (상)"
    assert made["idShort"].isascii()


def test_a_nodeset_with_a_document_type_is_refused() -> None:
    with pytest.raises(AasError, match="document type"):
        read_nodes(b'<!DOCTYPE x [<!ENTITY a "b">]><UANodeSet>&a;</UANodeSet>')


def test_every_text_has_the_same_facts_in_both_languages() -> None:
    assert set(TEXTS["ko"]) == set(TEXTS["en"])
    for code, text in TEXTS["en"].items():
        assert facts_of(text) == facts_of(TEXTS["ko"][code]), code


def facts_of(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)

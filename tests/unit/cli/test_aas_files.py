"""`gateway aas import` and `gateway aas lint` over files of every quality."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aas_models.importing import read_path
from gateway.cli.aas import app
from tests.unit.aas.importing.parts import aasx, submodel_xml

GOOD = submodel_xml("<capability><idShort>Cap</idShort></capability>")
DIRTY = submodel_xml(
    "<property><idShort>Max speed</idShort><category/><valueType>xs:int</valueType></property>"
    "<submodelElementCollection><idShort>Group</idShort><value><capability><idShort>Can do"
    "</idShort></capability></value></submodelElementCollection>"
)


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.xml").write_bytes(GOOD)
    (tmp_path / "dirty.aasx").write_bytes(aasx(DIRTY, "http://www.admin-shell.io"))
    return tmp_path


def test_lint_says_one_json_object_a_line(folder: Path) -> None:
    (folder / "broken.aasx").write_bytes(b"PK\x03\x04 not a zip")
    files = [folder / name for name in ("broken.aasx", "dirty.aasx", "gone.xml", "good.xml")]
    result = run("lint", *files, "--json", "--lang", "en")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [line["file"] for line in lines] == [str(each) for each in files]
    assert [line["ok"] for line in lines] == [False, True, False, True]
    broken, dirty, gone, good = lines
    assert "not-a-package" in broken["error"]
    assert gone["error"]
    assert (dirty["metamodel"], dirty["shells"], dirty["submodels"]) == ("3.0", 0, 1)
    assert dirty["elements"] == {"Capability": 1, "Property": 1, "SubmodelElementCollection": 1}
    assert dirty["repairs"] == [
        {
            "path": "submodels/Main/MaxSpeed#idShort",
            "problem": "id-short",
            "action": "renamed: Max speed → MaxSpeed",
        },
        {"path": "submodels/Main/MaxSpeed#category", "problem": "empty", "action": "left out"},
        {
            "path": "submodels/Main/Group.CanDo#idShort",
            "problem": "id-short",
            "action": "renamed: Can do → CanDo",
        },
    ]
    assert (good["repairs"], good["lost"], good["conceptDescriptions"]) == ([], [], 0)


def test_lint_reads_many_files_in_their_order_with_several_processes(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}.xml").write_bytes(GOOD if number % 5 else b"<")
    result = run("lint", tmp_path, "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(line["file"]).stem for line in lines] == [f"{number:02}" for number in range(20)]
    assert [line["ok"] for line in lines] == [bool(number % 5) for number in range(20)]


def test_lint_ends_with_0_when_every_file_is_whole(folder: Path) -> None:
    result = run("lint", folder, "--lang", "ko")
    assert result.exit_code == 0
    assert "고친 곳 3" in result.stdout


def test_lint_without_a_file_is_a_wrong_call(tmp_path: Path) -> None:
    assert run("lint", tmp_path).exit_code == 2
    assert run("lint").exit_code == 2


@pytest.mark.parametrize("suffix", [".aasx", ".xml", ".json"])
@pytest.mark.parametrize("metamodel", ["3.0", "3.1"])
def test_import_writes_a_clean_file(folder: Path, suffix: str, metamodel: str) -> None:
    out = folder / f"clean{suffix}"
    result = run("import", folder / "dirty.aasx", "--out", out, "--metamodel", metamodel)
    assert result.exit_code == 0, result.output
    back = read_path(out)
    assert back.repairs == ()
    assert back.environment == read_path(folder / "dirty.aasx").environment
    assert sorted(each.name for each in folder.iterdir()) == [out.name, "dirty.aasx", "good.xml"]


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "Repaired in 3 places"), ("ko", "3곳을 고쳤습니다")]
)
def test_import_reports_in_both_languages(folder: Path, lang: str, words: str) -> None:
    result = run("import", folder / "dirty.aasx", "--lang", lang)
    assert words in result.stdout
    assert "Max speed → MaxSpeed" in result.stdout


def test_import_says_all_for_programs(folder: Path) -> None:
    said = json.loads(run("import", folder / "dirty.aasx", "--json").stdout)
    assert said["submodels"] == 1
    assert len(said["repairs"]) == 3


def test_import_refuses_wrong_calls_and_unreadable_files(folder: Path) -> None:
    good = folder / "good.xml"
    assert run("import", good, "--out", folder / "x.txt").exit_code == 2
    assert run("import", good, "--metamodel", "2.0").exit_code == 2
    assert run("import", good, "--out", good).exit_code == 2
    assert run("import", folder / "gone.xml").exit_code == 1
    assert good.read_bytes() == GOOD

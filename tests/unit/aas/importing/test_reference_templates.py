"""The official Korean equipment templates and the IDTA templates: all of it, and valid."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from aas_models.importing import Imported, element_counts, read_package, read_path
from aas_models.importing.lint import lint_file
from aas_models.importing.supplements import walked
from aas_models.packages import write_package
from tests.unit.aas.importing import judges
from tests.unit.aas.importing.parts import REFERENCE

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference files"),
]
MOS = REFERENCE / "mos-aasx"
IDTA = REFERENCE / "idta"


def manifest() -> list[dict[str, str]]:
    if not (MOS / "manifest.csv").is_file():
        return []
    with (MOS / "manifest.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def templates() -> list[Path]:
    return sorted(p for p in IDTA.rglob("*") if p.suffix in {".aasx", ".json"})


ROWS = manifest()
ROW_IDS = [row["file"] for row in ROWS]
FILES = [MOS / name for name in ROW_IDS] + templates()


def counted(imported: Imported) -> dict[str, int]:
    environment = imported.environment
    kinds = element_counts(environment)
    counts = {
        "shells": len(environment.get("assetAdministrationShells", ())),
        "submodels": len(environment.get("submodels", ())),
        "concept_descriptions": len(environment.get("conceptDescriptions", ())),
        "elements": sum(kinds.values()),
    }
    names = (name for name in ROWS[0] if name.startswith("sme_"))
    return counts | {name: kinds.get(name[4].upper() + name[5:], 0) for name in names}


@pytest.mark.parametrize("row", ROWS, ids=ROW_IDS)
def test_every_object_and_element_of_the_file_is_there(row: dict[str, str]) -> None:
    imported = read_path(MOS / row["file"])
    counts = counted(imported)
    assert counts == {name: int(row[name]) for name in counts}
    assert imported.metamodel == "3.0"
    assert imported.lost == ()


@pytest.mark.parametrize("row", ROWS, ids=ROW_IDS)
def test_every_bad_id_short_is_reported_and_kept(row: dict[str, str]) -> None:
    imported = read_path(MOS / row["file"])
    problems = [each.problem for each in imported.repairs]
    # One letter alone fits the pattern of 3.0 but not that of 3.1; an empty one is left out.
    empty = sum(each.problem == "empty" and "idShort" in each.path for each in imported.repairs)
    renamed = problems.count("id-short")
    assert renamed + empty >= int(row["idshort_bad_30"])
    assert problems.count("id-short-duplicate") <= int(row["duplicate_idshorts"])
    kept = json.dumps(imported.environment).count('"originalIdShort"')
    assert kept == renamed + problems.count("id-short-duplicate")


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_written_again_passes_the_judges_and_is_the_same(path: Path) -> None:
    accepted(path)


@pytest.mark.parametrize("path", FILES[::9], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_written_passes_the_judges(path: Path) -> None:
    accepted(path)


def accepted(path: Path) -> None:
    imported = read_path(path)
    carried: Any = {"files": imported.files, "thumbnail": imported.thumbnail}
    newer = write_package(imported.environment, "aasx", "3.1", model_form="json", **carried)
    assert newer.repairs == ()
    back = read_package(newer.data, "again")
    assert back.environment == imported.environment
    assert (dict(back.files), back.thumbnail) == (dict(imported.files), imported.thumbnail)
    xml = write_package(imported.environment, "xml", "3.1").data
    assert judges.faults_3_1_xml(xml) == []
    assert read_package(xml, "again").environment == imported.environment
    older = write_package(imported.environment, "json", "3.0")
    assert judges.faults_3_0(json.loads(older.data)) == []
    package = write_package(imported.environment, "aasx", "3.0", **carried)
    assert judges.faults_3_0_aasx(package.data) == []
    if not older.repairs:
        assert json.loads(older.data) == imported.environment
        assert read_package(package.data, "again").environment == imported.environment


@pytest.mark.parametrize("path", templates(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_official_templates_load_whole(path: Path) -> None:
    imported = read_path(path)
    assert imported.lost == ()
    document = path.read_bytes()
    if path.suffix == ".json":
        raw = json.loads(document.decode("utf-8-sig"))
        listed = raw.get("submodels", [raw])
        named = [
            each["idShort"] for one in listed for _, each in walked(one, "") if "idShort" in each
        ]
        assert sum(element_counts({"submodels": listed}).values()) == sum(
            element_counts(imported.environment).values()
        )
        text = json.dumps(imported.environment)
        assert all(name in text for name in named)


def test_every_file_is_fine_for_the_linter() -> None:
    for name in ROW_IDS:
        assert lint_file(MOS / name, "en")["ok"]

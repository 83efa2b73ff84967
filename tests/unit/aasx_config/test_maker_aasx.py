"""`aasx:` brings the maker's submodels into the device's shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aas_models.environment import build_environment
from gateway.app.config.plan import GatewayPlan
from gateway.app.config.reload import diff, watched_files
from tests.unit.aasx_config.parts import ROOM, folder, planned

MAKER = {
    "submodels": [
        {
            "modelType": "Submodel",
            "id": f"urn:maker:{name}",
            "idShort": name,
            "submodelElements": [
                {"modelType": "Property", "idShort": "Said", "valueType": "xs:string", "value": "x"}
            ],
        }
        for name in ("Nameplate", "Handover", "OperationalData", "AssetInterfacesDescription")
    ],
    "conceptDescriptions": [{"modelType": "ConceptDescription", "id": "urn:maker:cd"}],
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    made = folder(
        tmp_path / "config",
        env_room=f"aasx: maker.json\n{ROOM}",
        env_hall=f"aasx: maker.json\n{ROOM.replace('env-room', 'env-hall')}",
    )
    (made / "maker.json").write_text(json.dumps(MAKER), "utf-8")
    return made


def submodels(plan: GatewayPlan, device: str) -> dict[str, str]:
    environment = build_environment([each.asset for each in plan.devices.values()])
    name = {"env-hall": "EnvHall", "env-room": "EnvRoom"}[device]
    shell = next(each for each in environment.shells if each["idShort"] == name)
    ids = [reference["keys"][0]["value"] for reference in shell["submodels"]]
    by_id = {part.id: part for part in environment.submodels}
    assert len(by_id) == len(environment.submodels), "every id is there once"
    return {by_id[each].id_short: json.dumps(by_id[each].model) for each in ids}


def test_what_the_maker_says_replaces_what_the_file_says_but_never_live_values(
    config: Path,
) -> None:
    for device in ("env-hall", "env-room"):
        found = submodels(planned(config), device)
        assert '"Said"' in found["Nameplate"]
        assert '"Said"' in found["Handover"]
        assert '"Said"' not in found["OperationalData"]
        assert '"Said"' not in found["AssetInterfacesDescription"]
        assert "urn:maker:Nameplate" not in found["Nameplate"], "the device keeps its ids"


def test_an_edit_of_the_makers_file_is_noticed(config: Path) -> None:
    before = planned(config)
    assert config / "maker.json" in watched_files(before)
    text = (config / "maker.json").read_text("utf-8").replace('"x"', '"longer"')
    (config / "maker.json").write_text(text, "utf-8")
    assert diff(before, planned(config)).changed == ["env-hall", "env-room"]
    assert not diff(planned(config), planned(config))


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 broken", b'{"a": 1}'])
def test_a_file_that_cannot_be_used_is_a_warning(config: Path, content: bytes | None) -> None:
    (config / "maker.json").unlink()
    if content is not None:
        (config / "maker.json").write_bytes(content)
    plan = planned(config)
    assert {finding.code for finding in plan.findings} == {"W1501"}
    assert "Handover" not in submodels(plan, "env-room")

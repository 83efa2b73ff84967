"""`aasx:` brings the maker's submodels into the device's shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aas_models.environment import build_environment
from gateway.app.kinds import ADAPTERS
from gateway.config.plan import GatewayPlan
from gateway.config.reload import diff, watched_files
from gateway.core.clock import SystemClock
from gateway.exchange.aasx.applying import apply_files
from gateway.exchange.aasx.proposal import Package, propose
from tests.unit.exchange.parts import ENVIRON, ROOM, environment_of, folder, planned

MAKER: dict[str, Any] = {
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


def test_of_a_file_with_several_shells_only_the_devices_own_counts(config: Path) -> None:
    asset = planned(config).devices["env-room"].asset.info.asset
    shells = [
        {
            "modelType": "AssetAdministrationShell",
            "id": f"urn:maker:shell:{name}",
            "assetInformation": {"assetKind": "Instance", "globalAssetId": identifier},
            "submodels": [
                {
                    "type": "ModelReference",
                    "keys": [{"type": "Submodel", "value": f"urn:maker:{name}"}],
                }
            ],
        }
        for name, identifier in (("Handover", asset), ("Nameplate", "urn:another"))
    ]
    text = json.dumps({**MAKER, "assetAdministrationShells": shells})
    (config / "maker.json").write_text(text, "utf-8")
    found = submodels(planned(config), "env-room")
    assert '"Said"' in found["Handover"]
    assert '"Said"' not in found["Nameplate"]


def test_what_else_an_applied_file_says_comes_along(tmp_path: Path) -> None:
    config = folder(tmp_path / "config")
    environment = environment_of(planned(folder(tmp_path / "other", env_room=ROOM)))
    environment = json.loads(json.dumps(environment).replace('"extensions"', '"dropped"'))
    environment["submodels"].append(MAKER["submodels"][1])
    environment["assetAdministrationShells"][0]["submodels"].append(
        {"type": "ModelReference", "keys": [{"type": "Submodel", "value": "urn:maker:Handover"}]}
    )
    data = json.dumps(environment).encode()
    package = Package(".json", data)
    proposal = propose(environment, config, tmp_path / "data", ENVIRON, ADAPTERS, package=package)
    assert proposal.findings == ()
    apply_files(proposal, tmp_path / "data", SystemClock())
    plan = planned(config)
    (name,) = plan.devices
    assert (config / "aasx" / f"{name}.json").read_bytes() == data
    made = build_environment([plan.devices[name].asset])
    assert "Handover" in {part.id_short for part in made.submodels}
    again = propose(environment, config, tmp_path / "data", ENVIRON, ADAPTERS, package=package)
    assert again.files == {}

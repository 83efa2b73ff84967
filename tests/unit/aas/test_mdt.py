from __future__ import annotations

from pathlib import Path

import pytest

from aas_models.elements import Json
from aas_models.export import rendered, values_only
from aas_models.fragments import Fragments
from aas_models.kosmo.mdt import Parameter, Sample, data_submodel, live_submodel
from aas_models.verify.judges import missing_packages
from aas_models.verify.verify import verify_document
from gateway.app.kinds import ADAPTERS
from gateway.config.plan import load_plan
from gateway.exchange.kosmo.mdt import mdt_environment
from tests.unit.aas.parts import press
from tests.unit.aas.test_kosmo_config import own_config


def made() -> Json:
    parameters = {0: Parameter(-20.0, 300.0, 0.5)}
    samples = {0: Sample("41.5", 1_700_000_000_000_000_000, 0x40940000)}
    return data_submodel("urn:data", press(), parameters, samples)


def test_limits_period_value_time_and_quality_stand_where_the_platform_reads_them() -> None:
    equipment = values_only(made())["DataInfo"]["Equipment"]
    assert equipment["EquipmentID"] == "press-01"
    assert equipment["EquipmentParameters"][0] == {
        "EquipmentID": "press-01",
        "ParameterID": "OperationalData.Mold.TemperatureLower",
        "ParameterName": "금형온도 하",
        "ParameterType": "double",
        "ParameterUOMCode": "degC",
        "LSL": -20.0,
        "USL": 300.0,
        "PeriodicDataCollectionIndicator": "Y",
        "DataCollectionPeriod": 0.5,
    }
    assert equipment["EquipmentParameterValues"][0] == {
        "EquipmentID": "press-01",
        "ParameterID": "OperationalData.Mold.TemperatureLower",
        "ParameterValue": 41.5,
        "EventDateTime": "2023-11-14T22:13:20Z",
        "ValidationResultCode": "uncertain",
    }
    assert len(equipment["EquipmentParameterValues"]) == len(press().table.signals)


def test_every_signal_has_a_live_path_that_exists() -> None:
    part = live_submodel("urn:data", press(), {})
    nodes = Fragments(part.model, {path: b.index for path, b in part.bindings.items()}).nodes
    assert len(part.bindings) == 6
    assert set(part.bindings) <= set(nodes)


@pytest.mark.skipif(bool(missing_packages()), reason="the extra `verify` is not installed")
def test_the_environment_of_a_configuration_passes_the_judges(tmp_path: Path) -> None:
    folder = own_config(tmp_path)
    plan = load_plan(folder, folder / "data", {})
    document = mdt_environment(plan, {("room", 0): Sample("21.5", 0, 0)}, ADAPTERS)
    assert rendered(document, "aasx").startswith(b"PK")
    found = verify_document("mdt", document, ())
    assert [each for each in found.findings if each.counts] == []

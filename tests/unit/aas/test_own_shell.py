"""The gateway's own shell shows figures as they change."""

from __future__ import annotations

import json
from typing import Any

from aas_models.environment import build_environment
from aas_models.live import LiveValues
from aas_models.submodels.figures import Instant, Span, duration_text, figure_elements
from aas_models.submodels.gateway_own import OwnFacts, OwnIdentity, own_shell
from tests.unit.aas.parts import press
from tests.unit.aas.test_following import HandClock

IDS = {
    name: f"urn:x:{name}"
    for name in ("SoftwareNameplate", "GatewayDiagnostics", "DataRetention", "SolutionUsage")
}


def running(figures: dict[str, Any]) -> tuple[LiveValues, HandClock]:
    clock = HandClock()
    identity = OwnIdentity("edge", "urn:x:aas", "urn:x:asset", IDS, "0.1.0")
    facts = OwnFacts(lambda: figures, dict, dict)
    return LiveValues([press()], clock, own=own_shell(identity, facts, clock)), clock


def value(live: LiveValues, id_short: str) -> Any:
    submodel = live.submodel(f"urn:x:{id_short}")
    assert submodel is not None
    return json.loads(submodel.render("", "value"))


def test_the_gateway_is_a_shell_beside_those_of_the_machines() -> None:
    live, _ = running({})
    assert [shell.id_short for shell in live.shells()] == ["Press01", "Gateway"]
    referred = [each["keys"][0]["value"] for each in live.shells()[1].model["submodels"]]
    assert referred == list(IDS.values())
    assert value(live, "SoftwareNameplate")["SoftwareNameplateType"]["Version"] == "0.1.0"


def test_figures_are_looked_at_again_after_a_second_and_the_tag_changes_with_them_only() -> None:
    figures: dict[str, Any] = {"Alarms": 0}
    live, clock = running(figures)
    submodel = live.submodel("urn:x:GatewayDiagnostics")
    assert submodel is not None
    tag = submodel.etag()
    clock.at += 10**9
    assert submodel.etag() == tag
    figures["Devices"] = {"Press01": {"State": "lost"}}
    assert value(live, "GatewayDiagnostics") == {"Alarms": 0}
    clock.at += 10**9
    assert value(live, "GatewayDiagnostics")["Devices"] == {"Press01": {"State": "lost"}}
    assert submodel.etag() != tag


def test_new_models_of_machines_leave_the_gateways_shell() -> None:
    live, _ = running({"Alarms": 1})
    live.set_models([])
    assert [shell.id_short for shell in live.shells()] == ["Gateway"]
    assert value(live, "GatewayDiagnostics") == {"Alarms": 1}


def test_figures_have_the_type_of_what_they_are_and_an_unknown_one_is_left_out() -> None:
    made = figure_elements(
        {
            "AA": True,
            "BB": 3,
            "CC": 0.5,
            "DD": Instant(10**9),
            "EE": Span(90),
            "FF": None,
            "GG": "x",
        },
        "T",
        {},
    )
    assert [(each["idShort"], each["valueType"], each["value"]) for each in made] == [
        ("AA", "xs:boolean", "true"), ("BB", "xs:long", "3"), ("CC", "xs:double", "0.5"),
        ("DD", "xs:dateTime", "1970-01-01T00:00:01Z"), ("EE", "xs:duration", "PT90S"),
        ("GG", "xs:string", "x"),
    ]  # fmt: skip
    assert duration_text(-0.0001) == "PT0S"
    assert duration_text(-1.5) == "-PT1.5S"


def test_the_gateways_shell_is_no_part_of_a_machines_environment() -> None:
    assert len(build_environment([press()]).shells) == 1

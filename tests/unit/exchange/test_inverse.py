"""to-yaml and to-aasx are inverse, and no secret ever gets into an AASX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from aas_models.importing import read_package
from gateway.app.kinds import ADAPTERS
from gateway.cli.aas import app
from gateway.demo.config import Ports, Size, write_config
from gateway.exchange.aasx.convert import aasx_of, files_of
from gateway.exchange.aasx.device_file import yaml_text
from tests.unit.exchange.parts import (
    GATEWAY,
    PRESS,
    ROOM,
    ROOT,
    back,
    environment_of,
    folder,
    meant,
    planned,
)

CASES = ("config", "config/cases/every-key-opcua", "config/cases/every-key-mqtt")


@pytest.mark.parametrize("name", [*CASES, "config/cases/korean-names-collide"])
def test_a_configuration_comes_back_with_the_same_meaning(name: str, tmp_path: Path) -> None:
    plan = planned(ROOT / name)
    _, again = back(plan, tmp_path / "again")
    assert meant(again) == meant(plan)
    assert again.settings.gateway == plan.settings.gateway


@pytest.mark.parametrize("name", CASES)
def test_an_aasx_comes_back_as_the_same_aasx(name: str, tmp_path: Path) -> None:
    first = environment_of(planned(ROOT / name))
    converted, again = back(planned(ROOT / name), tmp_path / "again")
    second = environment_of(again)
    assert second == first
    assert files_of(second, ADAPTERS) == converted


def test_the_demos_configuration_comes_back(tmp_path: Path) -> None:
    write_config(tmp_path / "demo", Ports(4840, 4841, 1883, 1884, 8090, 8080), Size())
    plan = planned(tmp_path / "demo")
    converted, again = back(plan, tmp_path / "again")
    assert converted.notes == ()
    assert meant(again) == meant(plan)


@pytest.mark.parametrize("metamodel", ["3.0", "3.1"])
def test_a_package_carries_all_that_the_json_does(metamodel: Any, tmp_path: Path) -> None:
    plan = planned(ROOT / "config")
    data = aasx_of(plan, "aasx", "x.aasx", metamodel)
    assert files_of(read_package(data, "x.aasx").environment, ADAPTERS) == files_of(
        environment_of(plan), ADAPTERS
    )


def test_no_user_password_key_file_or_name_of_a_secret_enters(tmp_path: Path) -> None:
    for name in CASES[1:]:
        written = json.dumps(environment_of(planned(ROOT / name)), ensure_ascii=False)
        for word in ("known-only-here", "press01", "client.key", "client.pem", "ca.pem"):
            assert word not in written, (name, word)
        assert '"gateway"' in written, "the extension, not the user of that name"


def test_a_login_comes_back_as_names_of_secrets_to_enter(tmp_path: Path) -> None:
    converted, _ = back(planned(ROOT / "config/cases/every-key-opcua"), tmp_path / "again")
    text = converted.files["devices/press-01.yaml"]
    assert "user: !secret press-01-user, password: !secret press-01-password" in text
    assert "gateway secrets set press-01-user" in converted.notes[0].text("ko")


def test_the_commands_are_inverse(tmp_path: Path) -> None:
    runner = CliRunner()
    source = folder(tmp_path / "a", env_room=ROOM)
    for place, target in (("a", "one.aasx"), ("b", "two.aasx")):
        done = runner.invoke(app, ["to-aasx", str(tmp_path / place), str(tmp_path / target)])
        assert done.exit_code == 0, done.output
        if place == "a":
            made = runner.invoke(
                app, ["to-yaml", str(tmp_path / target), "--out", str(tmp_path / "b")]
            )
            assert made.exit_code == 0, made.output
    assert meant(planned(tmp_path / "b")) == meant(planned(source))
    again = runner.invoke(app, ["to-yaml", str(tmp_path / "two.aasx"), "--out", str(source)])
    assert again.exit_code == 2, "a folder with files in it stays as it is"


NAMES = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="\x7f"),
    min_size=1,
    max_size=12,
)


@st.composite
def tags(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Give tags of an MQTT device with any names, topics and paths."""
    found = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=6, unique=True)):
        tag: dict[str, Any] = {"name": name}
        tag["topic"] = draw(st.sampled_from(["a", "/a", "a/b", "온도/#", "a/+/b", "a%2F b"]))
        tag["json"] = draw(
            st.sampled_from(["$", "$.a", "$.a.b", "$.a.c", "$['x.y'].z", "$.l[0]", "$.l[*].v"])
        )
        if draw(st.booleans()):
            tag["unit"] = draw(st.sampled_from(["degC", "%", "%RH", "kN"]))
        if draw(st.booleans()):
            tag["scale"] = draw(st.floats(-1e6, 1e6, allow_nan=False))
        found.append(tag)
    return found


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tags())
@example([{"name": "0E0", "topic": "a", "json": "$"}])
def test_any_tags_come_back_in_their_order(found: list[dict[str, Any]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        keys = {"version": 1, "device": "room", "connect": "mqtt://127.0.0.1", "tags": found}
        path = folder(Path(place) / "a", room=yaml_text(keys))
        plan = planned(path)
        _, again = back(plan, Path(place) / "b")
        assert meant(again) == meant(plan)


def test_the_text_of_a_press_is_the_golden_one(tmp_path: Path) -> None:
    converted, _ = _converted(tmp_path)
    assert converted.files["devices/press-01.yaml"] == (
        "# yaml-language-server: $schema=../schema/device.json\n"
        "version: 1\n"
        "device: press-01\n"
        "connect: opc.tcp://127.0.0.1:48400\n"
        "security: {mode: None, policy: None, unsafe: true}\n"
        "login: {user: !secret press-01-user, password: !secret press-01-password}\n"
        "tags:\n"
        "  - {name: State, node: 'nsu=urn:line;s=State', values: {0: stop, 1: run}}\n"
        "  - {name: Force, node: 'nsu=urn:line;s=Force', unit: kN, scale: 0.1}\n"
    )
    assert GATEWAY.startswith("version: 1")


def _converted(tmp_path: Path) -> Any:
    return back(planned(folder(tmp_path / "a", press_01=PRESS)), tmp_path / "b")

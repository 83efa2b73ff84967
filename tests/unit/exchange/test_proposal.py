"""What `gateway aas plan` says and `gateway aas apply` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.app.kinds import ADAPTERS
from gateway.cli.aas import app
from gateway.core.clock import SystemClock
from gateway.core.errors import AasError
from gateway.exchange.aasx import applying
from gateway.exchange.aasx.applying import apply_files
from gateway.exchange.aasx.proposal import Proposal, new_path, propose
from tests.unit.aas.interfaces.test_reading import NO_REFERENCE, REFERENCE
from tests.unit.exchange.parts import (
    ENVIRON,
    PRESS,
    ROOM,
    environment_of,
    folder,
    meant,
    planned,
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return folder(tmp_path / "config", press_01=PRESS, env_room=ROOM)


def edited(tmp_path: Path, text: str, name: str = "press_01") -> dict[str, Any]:
    """Give the environment of a configuration with one device."""
    return environment_of(planned(folder(tmp_path / "edited", **{name: text})))


def proposed(config: Path, environment: dict[str, Any], **more: Any) -> Proposal:
    return propose(environment, config, config / "data", ENVIRON, ADAPTERS, **more)


def by_name(proposal: Proposal) -> dict[str, Any]:
    return {change.name: change for change in proposal.changes}


def test_its_own_description_changes_nothing(config: Path) -> None:
    proposal = proposed(config, environment_of(planned(config)))
    assert [change.kind for change in proposal.changes] == ["same", "same"]
    assert proposal.files == {}


def test_added_removed_and_changed_tags_are_told_by_name(config: Path, tmp_path: Path) -> None:
    text = PRESS.replace("unit: kN, scale: 0.1", "unit: N, deadband: 2").replace(
        "  - { name: State, node: nsu=urn:line;s=State, values: { 0: stop, 1: run } }\n",
        "  - { name: Power, node: nsu=urn:line;s=Power }\n",
    )
    proposal = proposed(config, edited(tmp_path, text))
    change = by_name(proposal)["press-01"]
    assert (change.kind, change.added, change.removed) == ("changed", ("Power",), ("State",))
    assert {(d.key, d.before, d.after) for d in change.changed["Force"]} == {
        ("unit", "kN", "N"),
        ("scale", 0.1, None),
        ("deadband", None, 2.0),
        ("type", "xs:double", None),
    }
    assert by_name(proposal)["env-room"].kind == "same"
    assert list(proposal.files) == [config / "devices" / "press-01.yaml"]


def test_a_device_that_the_file_does_not_describe_stays_unless_asked(
    config: Path, tmp_path: Path
) -> None:
    environment = edited(tmp_path, PRESS)
    assert proposed(config, environment).files == {}
    pruned = proposed(config, environment, prune=True)
    assert pruned.files == {config / "devices" / "env-room.yaml": None}
    assert by_name(pruned)["env-room"].kind == "removed"


def test_the_login_of_this_machine_and_its_first_comments_stay(
    config: Path, tmp_path: Path
) -> None:
    proposal = proposed(config, edited(tmp_path, PRESS.replace("unit: kN", "unit: N")))
    (content,) = proposal.files.values()
    assert content is not None
    text = content.decode()
    assert text.startswith("# a comment at the top\n")
    assert "login: {user: gateway, password: !secret press01}" in text
    assert "known-only-here" not in text


def test_a_file_of_another_tool_keeps_what_it_cannot_know(config: Path, tmp_path: Path) -> None:
    environment = edited(tmp_path, PRESS.replace("unit: kN", "unit: N"))
    dropped = json.loads(json.dumps(environment).replace('"extensions"', '"dropped"'))
    proposal = proposed(config, dropped)
    assert proposal.named == ("press-01",), "the asset tells which device it is"
    change = by_name(proposal)["press-01"]
    force = {d.key: d.after for d in change.changed["Force"]}
    assert force["unit"] == "N"
    assert "scale" not in force
    assert "State" not in change.changed


def test_a_new_device_gets_a_file_that_a_glob_finds(config: Path, tmp_path: Path) -> None:
    other = PRESS.replace("press-01", "press-02")
    proposal = proposed(config, edited(tmp_path, other, "press_02"))
    assert list(proposal.files) == [config / "devices" / "press-02.yaml"]
    assert proposal.plan is None, "its secrets are not known here"
    assert {finding.code for finding in proposal.findings} == {"E1302"}


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["devices/*.yaml"], "devices/a.yaml"),
        (["x.yaml", "machines/*.yml"], "machines/a.yml"),
        (["**/*.yaml"], "devices/a.yaml"),
        (["*.yaml"], "a.yaml"),
    ],
)
def test_where_a_new_file_goes(patterns: list[str], found: str) -> None:
    assert new_path(Path("c"), patterns, "a") == Path("c") / found


def test_without_a_fitting_glob_nothing_is_written() -> None:
    with pytest.raises(AasError, match="no-place"):
        new_path(Path("c"), ["devices/line.yaml"], "a")


def test_an_empty_folder_of_devices_can_be_filled(tmp_path: Path) -> None:
    config = folder(tmp_path / "empty")
    proposal = proposed(config, edited(tmp_path, ROOM, "env_room"))
    apply_files(proposal, tmp_path / "data", SystemClock())
    assert set(meant(planned(config))) == {"env-room"}


def test_what_was_replaced_is_kept(config: Path, tmp_path: Path) -> None:
    proposal = proposed(config, edited(tmp_path, PRESS.replace("unit: kN", "unit: N")))
    applied = apply_files(proposal, tmp_path / "data", SystemClock())
    assert applied.backup is not None
    assert (applied.backup / "devices" / "press-01.yaml").read_text("utf-8") == PRESS
    assert planned(config).devices["press-01"].table.signals[1].unit == "N"
    assert sorted(path.name for path in (config / "devices").iterdir()) == [
        "env-room.yaml",
        "press-01.yaml",
    ]


def test_a_failure_half_way_puts_everything_back(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = (PRESS.replace("kN", "N"), ROOM.replace("$.temp", "$.t"))
    environment = environment_of(
        planned(folder(tmp_path / "edited", press_01=texts[0], env_room=texts[1]))
    )
    proposal = proposed(config, environment)
    assert len(proposal.files) == 2
    replace, calls = Path.replace, [0]

    def failing(path: Path, target: Path) -> Path:
        calls[0] += 1
        if calls[0] == 2:
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="No space"):
        apply_files(proposal, tmp_path / "data", SystemClock())
    assert (config / "devices" / "press-01.yaml").read_text("utf-8") == PRESS
    assert (config / "devices" / "env-room.yaml").read_text("utf-8") == ROOM
    assert len(list((config / "devices").iterdir())) == 2


def test_copies_do_not_grow_without_a_limit(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "BACKUPS_MAX", 3)
    proposal = proposed(config, edited(tmp_path, PRESS.replace("unit: kN", "unit: N")))
    for _ in range(5):
        apply_files(proposal, tmp_path / "data", SystemClock())
    assert len(list((tmp_path / "data" / applying.BACKUPS).iterdir())) == 3


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_plan_says_it_in_words_and_for_programs(
    config: Path, tmp_path: Path, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "edit.json"
    file.write_text(json.dumps(edited(tmp_path, PRESS.replace("unit: kN", "unit: N"))), "utf-8")
    where = ["plan", str(file), "--config", str(config), "--no-connect", "--lang", lang]
    runner = CliRunner()
    said = runner.invoke(app, where)
    assert said.exit_code == 0, said.output
    assert "unit: kN -> N" in said.output
    assert ("변경" if lang == "ko" else "changes") in said.output
    found = json.loads(runner.invoke(app, [*where, "--json"]).stdout)
    assert found["devices"]["press-01"]["kind"] == "changed"
    assert found["files"] == {"devices/press-01.yaml": "written"}


def test_apply_refuses_what_would_be_wrong_and_writes_nothing(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "edit.json"
    other = PRESS.replace("press-01", "press-02")
    file.write_text(json.dumps(edited(tmp_path, other, "press_02")), "utf-8")
    where = ["--config", str(config), "--data", str(tmp_path / "data"), "--lang", "en"]
    done = CliRunner().invoke(app, ["apply", str(file), *where])
    assert done.exit_code == 2
    assert "Nothing was written" in done.output
    assert len(list((config / "devices").iterdir())) == 2


@pytest.mark.reference
@NO_REFERENCE
def test_the_instance_of_another_project_gives_a_sensible_plan(config: Path) -> None:
    path = REFERENCE / "third-party-instances" / "faaast-aid-1.0-aimc-1.0.json"
    proposal = proposed(config, json.loads(path.read_bytes()))
    assert proposal.plan is not None, proposal.findings
    assert proposal.named == ("sampleaas-mqtt", "sampleaas-opcua")
    opcua = proposal.plan.devices["sampleaas-opcua"]
    assert [s.element for s in opcua.table.signals] == [
        "OPCUA_Data.value_double",
        "OPCUA_Data.value_int",
    ]
    assert opcua.table.signals[0].value_type == "xs:double"


@pytest.mark.reference
@NO_REFERENCE
@pytest.mark.parametrize("name", ["aid-1.1/template.json", "aimc-2.0/template.json"])
def test_a_template_gives_no_device_and_no_crash(config: Path, name: str) -> None:
    proposal = proposed(config, json.loads((REFERENCE / name).read_bytes()))
    assert proposal.named == ()
    assert proposal.files == {}

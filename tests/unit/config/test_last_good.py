"""A start after a bad edit runs what was right before (I10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.app.start import plan_to_run
from gateway.config.findings import ConfigError

GATEWAY = "version: 1\ngateway: { id: edge }\n"
DEVICE = 'device: {name}\nconnect: opc.tcp://127.0.0.1:4840\ntags:\n  - T: "nsu=urn:x;s=T"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "config"
    (made / "devices").mkdir(parents=True)
    (made / "gateway.yaml").write_text(GATEWAY)
    (made / "devices" / "a.yaml").write_text(DEVICE.format(name="a"))
    return made


@pytest.mark.invariant("I10")
def test_a_broken_gateway_file_after_a_good_start_runs_the_copy(
    folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    plan_to_run(folder, data, {})
    (folder / "gateway.yaml").write_text("gateway: [\n")
    plan, findings, is_copy = plan_to_run(folder, data, {})
    assert is_copy
    assert set(plan.devices) == {"a"}
    assert plan.folder == folder, "the folder itself is watched, so that mending it takes effect"
    assert findings[0].file == "gateway.yaml"


def test_without_a_copy_a_broken_gateway_file_is_an_error(folder: Path, tmp_path: Path) -> None:
    (folder / "gateway.yaml").write_text("gateway: [\n")
    with pytest.raises(ConfigError):
        plan_to_run(folder, tmp_path / "data", {})


@pytest.mark.invariant("I10")
def test_a_folder_with_a_wrong_tag_runs_the_rest_and_leaves_the_copy_alone(
    folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    plan_to_run(folder, data, {})
    good = (data / "last-good" / "devices" / "a.yaml").read_text()
    (folder / "devices" / "a.yaml").write_text(good + "  - { name: U, nodee: x }\n")
    plan, findings, is_copy = plan_to_run(folder, data, {})
    assert not is_copy
    assert [signal.name for signal in plan.devices["a"].table.signals] == ["T"]
    assert findings
    assert (data / "last-good" / "devices" / "a.yaml").read_text() == good


def test_a_copy_lost_half_way_through_its_replacing_is_found(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    plan_to_run(folder, data, {})
    (data / "last-good").rename(data / "last-good.old")
    (folder / "gateway.yaml").unlink()
    assert plan_to_run(folder, data, {})[2]

"""The plan: what is equal stays equal, what is wrong is left out, what is edited is noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.app.kinds import KINDS
from gateway.config.findings import ConfigError
from gateway.config.plan import GatewayPlan, load_plan
from gateway.config.reload import diff, reload_plan, watch
from gateway.core.types import UnixNs

PRESS = """connect: opc.tcp://127.0.0.1:4840
tags:
  - 온도: ns=2;s=A
  - { name: 압력, node: ns=2;s=B, unit: bar }
"""
ROOM = """connect: mqtt://127.0.0.1:1883
topic: a/b
tags:
  - 온도: $.temp
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "devices").mkdir()
    (tmp_path / "gateway.yaml").write_text("gateway: { id: edge-07 }\n", "utf-8")
    write(tmp_path, "press-01", PRESS)
    write(tmp_path, "env-room", ROOM)
    return tmp_path


def write(folder: Path, device: str, text: str) -> None:
    (folder / "devices" / f"{device}.yaml").write_text(text, "utf-8")


def plan_of(folder: Path, *, keep_going: bool = False) -> GatewayPlan:
    return load_plan(folder, folder / "data", {}, KINDS, keep_going=keep_going)


def codes(error: ConfigError) -> list[str]:
    return [finding.code for finding in error.findings]


def test_the_same_files_give_the_same_plan(folder: Path) -> None:
    assert plan_of(folder) == plan_of(folder)
    assert not diff(plan_of(folder), plan_of(folder))


def test_comments_and_layout_change_nothing(folder: Path) -> None:
    before = plan_of(folder)
    write(folder, "press-01", "# a note\n" + PRESS.replace("{ name: 압력, ", "{ name: '압력',  "))
    assert not diff(before, plan_of(folder))


def test_a_diff_names_what_was_added_removed_and_changed(folder: Path) -> None:
    before = plan_of(folder)
    write(folder, "press-01", PRESS.replace("unit: bar", "unit: kPa"))
    write(folder, "press-02", PRESS)
    (folder / "devices" / "env-room.yaml").unlink()
    (folder / "gateway.yaml").write_text("gateway: { id: edge-07 }\napi: { listen: 127.0.0.1:1 }\n")
    found = diff(before, plan_of(folder))
    assert (found.added, found.removed, found.changed) == (["press-02"], ["env-room"], ["press-01"])
    assert found.gateway_changed == ["api"]


def test_a_changed_secret_changes_its_device_only(folder: Path) -> None:
    write(folder, "press-01", "login: { user: a, password: !env PW }\n" + PRESS)
    before = load_plan(folder, folder, {"PW": "one"}, KINDS)
    assert diff(before, load_plan(folder, folder, {"PW": "two"}, KINDS)).changed == ["press-01"]


def test_a_bad_edit_gives_findings_and_no_plan(folder: Path) -> None:
    running = plan_of(folder)
    write(folder, "press-01", PRESS.replace("unit: bar", "unit: barr"))
    result = reload_plan(running, folder / "data", {}, KINDS)
    assert result.plan is None
    assert [finding.code for finding in result.findings] == ["E1203"]
    write(folder, "press-01", PRESS)
    result = reload_plan(running, folder / "data", {}, KINDS)
    assert result.plan == running


@pytest.mark.parametrize(
    "line",
    [
        "{ name: 유량, node: ns=2;s=C, unit: 도씨 }",
        "{ name: 유량, node: nonsense }",
        "{ name: 유량, nod: ns=2;s=C }",
        "{ name: 압력, node: ns=2;s=C }",
        "{ name: 유량, node: ns=2;s=C, expr: value + }",
        "유량",
    ],
)
def test_one_bad_tag_costs_only_itself(folder: Path, line: str) -> None:
    good = plan_of(folder)
    write(folder, "press-01", PRESS.replace("  - { name: 압력", f"  - {line}\n  - {{ name: 압력"))
    with pytest.raises(ConfigError):
        plan_of(folder)
    plan = plan_of(folder, keep_going=True)
    assert {f.span.line for f in plan.findings if f.span} <= {4, 5}
    names = [signal.name for signal in plan.devices["press-01"].table.signals]
    assert names == ["온도", "압력"]
    assert plan.devices["env-room"] == good.devices["env-room"]


def test_one_bad_device_file_costs_only_itself(folder: Path) -> None:
    for text in ("connect: [", "connect: xgt://a:1\ntags: []\n", PRESS + "login: { user: 1 }\n",
                 "login: { user: a, password: !secret none }\n" + PRESS):  # fmt: skip
        write(folder, "press-01", text)
        plan = plan_of(folder, keep_going=True)
        assert list(plan.devices) == ["env-room"]
        assert plan.findings


def test_a_wrong_gateway_file_stops_the_start(folder: Path) -> None:
    (folder / "gateway.yaml").write_text("gateway: { id: Edge }\n", "utf-8")
    write(folder, "press-01", PRESS.replace("unit: bar", "unit: barr"))
    with pytest.raises(ConfigError) as caught:
        plan_of(folder, keep_going=True)
    assert codes(caught.value) == ["E1203", "E1108"]


def test_loading_imports_no_protocol_stack(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gateway.config.plan import load_plan;"
        "from gateway.app.kinds import KINDS;"
        f"load_plan(Path({str(folder)!r}), Path('data'), {{}}, KINDS);"
        "heavy = {'asyncua', 'paho', 'basyx', 'numpy', 'influxdb_client'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class QuickClock:
    """Lets a test say what happens at each look."""

    def __init__(self, *steps: object) -> None:
        self.steps = list(steps)

    def now(self) -> UnixNs:
        return UnixNs(0)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        del seconds
        if not self.steps:
            raise StopWatching
        step = self.steps.pop(0)
        if callable(step):
            step()


class StopWatching(Exception):
    pass


async def looks_until_end(folder: Path, *steps: object) -> int:
    calls = 0
    running = plan_of(folder)

    async def changed() -> None:
        nonlocal calls
        calls += 1

    with pytest.raises(StopWatching):
        await watch(lambda: running, QuickClock(*steps), changed)
    return calls


async def test_an_edit_is_noticed_once_it_is_complete(folder: Path) -> None:
    def edit() -> None:
        write(folder, "press-01", PRESS + "# half\n")

    def edit_more() -> None:
        write(folder, "press-01", PRESS + "# whole\n")

    assert await looks_until_end(folder, None, None) == 0
    assert await looks_until_end(folder, edit, edit_more, None, None) == 1


async def test_a_new_and_a_removed_file_are_noticed(folder: Path) -> None:
    assert await looks_until_end(folder, lambda: write(folder, "press-02", PRESS), None, None) == 1
    gone = folder / "devices" / "press-02.yaml"
    assert await looks_until_end(folder, gone.unlink, None, None) == 1


async def test_a_touched_file_with_the_same_content_is_no_edit(folder: Path) -> None:
    assert await looks_until_end(folder, (folder / "gateway.yaml").touch, None, None) == 0

"""What every kind of adapter promises of descriptions of interfaces and tables of field tags.

Run over each kind's own example file, so that a new kind is held to it without a line here.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from aas_models.elements import ID_SHORT
from aas_models.interfaces.aid_security import SCHEMES
from aas_models.interfaces.reading import read_interfaces
from gateway.app.kinds import ADAPTERS
from gateway.config.plan import DevicePlan, GatewayPlan, load_plan
from gateway.core.interfaces import Interface
from gateway.core.kinds import AdapterKind
from gateway.exchange.aasx.convert import files_of, write_files
from gateway.exchange.aasx.tag_keys import keys_in
from gateway.exchange.kinds import bindings_of, kind_of
from tests.unit.exchange.parts import environment_of, folder, meant

ROOT = Path(__file__).parents[2]
EACH = pytest.mark.parametrize("kind", ADAPTERS, ids=lambda each: each.name)


def plan_of(path: Path) -> GatewayPlan:
    """Load a folder, whatever secrets its devices name."""
    texts = [file.read_text("utf-8") for file in (path / "devices").iterdir()]
    names = [name for text in texts for name in re.findall(r"!secret ([\w-]+)", text)]
    known = {f"GATEWAY_SECRET_{name.upper().replace('-', '_')}": "x" for name in names}
    return load_plan(path, path / "data", known)


@pytest.fixture
def planned(kind: AdapterKind, tmp_path: Path) -> GatewayPlan:
    """Plan the example file of a kind, with files of the names that it names."""
    text = (ROOT / "adapters" / kind.name / "example.yaml").read_text("utf-8")
    for name in re.findall(r"[\w/-]+\.(?:pem|der|key)", text):
        file = tmp_path / "one" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("", encoding="utf-8")
    return plan_of(folder(tmp_path / "one", device=text))


def only(plan: GatewayPlan) -> DevicePlan:
    (device,) = plan.devices.values()
    return device


def interface_in(plan: GatewayPlan) -> Interface:
    interface = only(plan).asset.interface
    assert interface is not None
    return interface


@EACH
def test_a_device_comes_back_out_of_its_description(
    kind: AdapterKind, planned: GatewayPlan, tmp_path: Path
) -> None:
    assert kind_of(only(planned), ADAPTERS) is kind
    environment = environment_of(planned)
    (read,) = read_interfaces(environment, bindings_of(ADAPTERS)).devices
    assert replace(read.interface, device=interface_in(planned).device) == interface_in(planned)
    write_files(files_of(environment, ADAPTERS), tmp_path / "two")
    again = plan_of(tmp_path / "two")
    assert meant(again) == meant(planned)
    assert environment_of(again) == environment


@EACH
def test_every_word_that_is_said_is_in_the_binding(planned: GatewayPlan, kind: AdapterKind) -> None:
    binding, interface = kind.interface.binding, interface_in(planned)
    assert {word for word, _ in interface.link.terms} <= set(binding.endpoint)
    for point in interface.points:
        assert {word for word, _ in point.form.terms} <= set(binding.words)
        for word, text in point.form.terms:
            assert text.lower() in binding.reads.get(word, {text.lower()}), "could not be read back"
    for one in interface.link.security:
        known = binding.security.get(one.scheme) or SCHEMES[one.scheme]
        assert {word for word, _ in one.terms} <= set(known.words)


@EACH
def test_words_are_names_that_every_tool_takes(kind: AdapterKind) -> None:
    binding = kind.interface.binding
    names = [binding.id_short, *binding.words, *binding.endpoint]
    names += [known.id_short for known in binding.security.values()]
    names += [word for known in binding.security.values() for word in known.words]
    assert [name for name in names if not ID_SHORT.fullmatch(name)] == []


def test_no_two_kinds_share_what_tells_them_apart() -> None:
    bindings = bindings_of(ADAPTERS)
    for told in (
        [binding.protocol for binding in bindings],
        [binding.id_short for binding in bindings],
        [binding.mark for binding in bindings],
        [scheme for binding in bindings for scheme in binding.schemes],
    ):
        assert [each for each, count in Counter(told).items() if count > 1] == []


@EACH
def test_a_face_speaks_of_keys_that_there_are(kind: AdapterKind) -> None:
    face = kind.interface
    assert face.said_of_device | face.kept_here <= keys_in(kind.device)
    period = {face.period_of_tag} if face.period_of_tag else set()
    assert face.said_of_tag | period <= keys_in(kind.tag)
    assert face.binding.schemes == kind.schemes == kind.fields.schemes


@EACH
def test_nothing_of_this_machine_enters_a_description(
    planned: GatewayPlan, kind: AdapterKind
) -> None:
    assert kind.interface.kept_here.isdisjoint(interface_in(planned).extras)


@EACH
def test_a_tag_comes_back_out_of_the_row_of_a_table(
    planned: GatewayPlan, kind: AdapterKind
) -> None:
    source = only(planned).source
    described = kind.fields.device(source)
    assert kind.fields.url(described.url) == described.url
    assert len(described.tags) == len(only(planned).table.signals)
    for tag in described.tags:
        keys = kind.fields.tag_keys(tag.address, "500ms", tag.index)
        assert isinstance(keys, dict), tag.address
        assert keys.keys() <= keys_in(kind.tag)


@EACH
def test_what_is_no_address_is_told_and_not_raised(kind: AdapterKind) -> None:
    assert kind.fields.tag_keys("\x00 [", "500ms", None) == "address"
    told: list[str] = []
    for base in ("", "://", f"{kind.schemes[0]}://[::1", f"{kind.schemes[0]}://"):
        assert kind.interface.connect(base, lambda _, reason, __: told.append(reason)) is None
    assert told.count("no-address") == 4

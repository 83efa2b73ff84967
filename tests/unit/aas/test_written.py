"""What people write: value forms of every kind of element, checks and changes by path."""

from __future__ import annotations

import asyncio
import copy
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aas_models.fragments import Fragments
from aas_models.live import LiveValues
from aas_models.repository import edit
from aas_models.repository.checks import check_element, check_identifiable
from aas_models.repository.content import SUBMODEL
from aas_models.repository.repository import Repository
from aas_models.repository.texts import fits_type
from gateway.core.errors import AasError
from tests.integration.aas_content import SUBMODEL_ID, elements, reference, submodel, text
from tests.unit.aas.parts import press, submodel_id

VALUES: dict[str, Any] = {
    "Note": "a",
    "Group": {"Inner": 7},
    "Rows": [1, 2],
    "Cell": {"statements": {"Place": "hall 2"}, "entityType": "CoManagedEntity"},
    "Changed": {"observed": reference()},
    "Label": [{"ko": "라인"}, {"en": "Line"}],
    "Allowed": {"min": 1.5, "max": 9.5},
    "Other": reference(),
    "Feeds": {"first": reference(), "second": reference()},
    "Follows": {"first": reference(), "second": reference(), "annotations": [{"Why": "order"}]},
    "Script": {"contentType": "text/plain"},
    "Manual": {"contentType": "application/pdf"},
}


def test_every_kind_of_element_has_the_value_form_of_the_standard() -> None:
    fragments = Fragments(submodel(), {})
    whole = orjson.loads(fragments.value(fragments.root, deep=True))
    assert whole == VALUES
    for name, value in VALUES.items():
        one = fragments.value(fragments.nodes[name], deep=True)
        assert orjson.loads(one) == value, name


def test_a_compiled_submodel_is_the_submodel() -> None:
    fragments = Fragments(submodel(), {})
    assert orjson.loads(fragments.normal(fragments.root, blob=True)) == submodel()
    for path, node in fragments.nodes.items():
        assert orjson.loads(fragments.normal(node, blob=True)) == node.model, path
        core = orjson.loads(fragments.core(node))
        assert core["modelType"] == node.kind


def test_a_value_put_back_leaves_everything_as_it_was() -> None:
    model = submodel()
    edit.set_value(model, VALUES)
    assert model == submodel()


def test_a_document_with_every_kind_of_element_is_valid() -> None:
    check_identifiable(submodel(), "Submodel")


def reason_of(work: Callable[[], Any]) -> str:
    """Give the reason of an AasError, an empty text when there was none."""
    try:
        work()
    except AasError as error:
        return error.reason
    return ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_document_with_anything_anywhere_is_valid_or_refused_with_a_reason(
    data: st.DataObject,
) -> None:
    model = copy.deepcopy(data.draw(st.sampled_from(elements())))
    place: Any = model
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        inner = place[key]
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            inner = inner[0]
        if not isinstance(inner, dict) or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(JSON)
    reason = reason_of(lambda: check_element(model, "X"))
    assert reason in {"", "invalid"}
    if not reason and "idShort" in model:
        fragments = Fragments({**submodel(), "submodelElements": [model]}, {})
        assert fragments.value(fragments.root, deep=True)


@settings(max_examples=100, deadline=None)
@given(path=st.text("AB[]0.1", max_size=8))
def test_any_path_is_found_or_refused(path: str) -> None:
    assert reason_of(lambda: edit.element_at(submodel(), path)) in {"", "not-found"}


@pytest.mark.parametrize(
    ("text_", "value_type", "fits"),
    [
        ("255", "xs:unsignedByte", True), ("256", "xs:unsignedByte", False),
        ("-1", "xs:nonNegativeInteger", False), ("1.0", "xs:int", False),
        ("1e3", "xs:double", True), ("NaN", "xs:float", True), ("1e3", "xs:decimal", False),
        ("true", "xs:boolean", True), ("yes", "xs:boolean", False),
        ("2026-11-26", "xs:date", True), ("26.11.2026", "xs:date", False),
        ("2026-11-26T05:00:00Z", "xs:dateTime", True), ("P1DT2H", "xs:duration", True),
        ("P", "xs:duration", False), ("anything", "xs:string", True),
    ],
)  # fmt: skip
def test_values_are_texts_of_their_type(text_: str, value_type: str, fits: bool) -> None:
    assert fits_type(text_, value_type) is fits


async def test_two_changes_at_once_are_both_kept(tmp_path: Path) -> None:
    repository = Repository(LiveValues([press()]), tmp_path / "content.db")
    await repository.content.create(SUBMODEL, submodel())
    async with asyncio.TaskGroup() as group:
        for place in range(20):
            group.create_task(repository.content.add_element(SUBMODEL_ID, "", text(f"N{place}")))
    repository.close()
    again = Repository(LiveValues([press()]), tmp_path / "content.db")
    names = [each["idShort"] for each in again.content.submodels[SUBMODEL_ID].model[
        "submodelElements"]]  # fmt: skip
    assert {f"N{place}" for place in range(20)} <= set(names)
    again.close()


async def test_a_generated_document_hides_a_written_one_of_its_id(tmp_path: Path) -> None:
    """A device that is mapped later wins, and nothing that was written is lost."""
    later = submodel_id("press-09", "OperationalData")
    live = LiveValues([press()])
    repository = Repository(live, tmp_path / "content.db")
    await repository.content.create(SUBMODEL, {**submodel(), "id": later})
    assert repository.submodel(later) is not None
    live.set_models([press("press-09")])
    found = repository.submodel(later)
    assert found is not None
    assert found.id_short == "OperationalData"
    assert [each.id for each in repository.submodels()].count(later) == 1
    with pytest.raises(AasError, match="generated"):
        await repository.content.remove(SUBMODEL, later)
    repository.close()


async def test_models_are_compiled_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop turns while a large model is compiled, and values that come meanwhile are kept."""
    from aas_models.live import live_values as room

    live = LiveValues([press()])
    compiled_in: list[int] = []
    from aas_models.live.compiled import compile_models as plain

    def slow(models: Any) -> Any:
        compiled_in.append(threading.get_ident())
        time.sleep(0.05)
        return plain(models)

    monkeypatch.setattr(room, "compile_models", slow)
    turns = 0
    async with asyncio.TaskGroup() as group:
        task = group.create_task(live.change_models([press(), press("press-02")]))
        while not task.done():
            turns += 1
            await asyncio.sleep(0.005)
    assert turns > 2
    assert compiled_in
    assert compiled_in[0] != threading.get_ident()
    assert len(live.shells()) == 2

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from aas_models.fragments import Fragments
from aas_models.live import submodel as live_submodel
from tests.integration.api_parts import Running, b64, served
from tests.unit.aas.parts import BASE, batch, press, submodel_id
from tests.unit.aas.test_following import following

OPERATIONAL = b64(submodel_id("press-01", "OperationalData"))
SHELL = b64(f"{BASE}/aas/press-01")
ONE = f"/submodels/{OPERATIONAL}"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with served(tmp_path) as made:
        table = made.models[0].table
        await made.spool.append(
            [
                batch(table, [0, 5], np.array([179.9, np.nan])),
                batch(table, [2, 4], ["run", True]),
                batch(table, [3], np.array([41])),
            ]
        )
        yield made


def error_of(answer: httpx.Response) -> str:
    """An error has exactly the body of Part 2: a list of messages and nothing else."""
    content = answer.json()
    assert set(content) == {"messages"}
    (message,) = content["messages"]
    assert set(message) <= {"code", "correlationId", "messageType", "text", "timestamp"}
    assert message["code"] == str(answer.status_code)
    assert message["messageType"] == "Error"
    return str(message["text"])


async def test_a_whole_submodel_comes_with_its_live_values(running: Running) -> None:
    for base in ("", "/api/v3.0", "/api/v3.1"):
        answer = await running.get(f"{base}{ONE}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["idShort"] == "OperationalData"
        values = await running.get(f"{base}{ONE}/$value")
        assert values.json() == {
            "Mold": {"TemperatureLower": 179.9},
            "State": "run",
            "Count": 41,
            "Running": True,
            "Power": "NaN",
        }


ELEMENTS: tuple[tuple[str, Any], ...] = (
    ("Mold.TemperatureLower/$value", 179.9),
    ("Count/$value", 41),
    ("State/$value", "run"),
    ("Running/$value", True),
    ("Power/$value", "NaN"),
    ("Mold.TemperatureUpper/$value", None),
    ("Mold/$value", {"TemperatureLower": 179.9}),
    ("Mold/$path", ["Mold", "Mold.TemperatureLower", "Mold.TemperatureUpper"]),
)


async def test_elements_by_their_path(running: Running) -> None:
    for path, expected in ELEMENTS:
        answer = await running.get(f"{ONE}/submodel-elements/{path}")
        assert (answer.status_code, answer.json()) == (200, expected), path


async def test_what_is_read_back_as_json_is_read_by_basyx_too(running: Running) -> None:
    from aas_models.export import to_basyx

    document = {
        "assetAdministrationShells": (await running.get("/shells")).json()["result"],
        "submodels": (await running.get("/submodels")).json()["result"],
        "conceptDescriptions": (await running.get("/concept-descriptions")).json()["result"],
    }
    assert len(to_basyx(document)) == 2 + 6 + 4  # two presses share what their molds measure


async def test_a_list_is_read_in_pages_of_any_size(running: Running) -> None:
    whole = (await running.get("/submodels?limit=1000")).json()
    assert whole["paging_metadata"] == {}
    pages: list[Any] = []
    cursor = ""
    while True:
        answer = (await running.get(f"/submodels?Limit=4&Cursor={cursor}")).json()
        assert len(answer["result"]) <= 4
        pages += answer["result"]
        cursor = answer["paging_metadata"].get("cursor", "")
        if not cursor:
            break
    assert pages == whole["result"]


async def test_lists_can_be_narrowed(running: Running) -> None:
    reference = b64(json.dumps({"type": "ExternalReference", "keys": [
        {"type": "GlobalReference", "value": "https://admin-shell.io/idta/nameplate/3/0/Nameplate"}
    ]}))  # fmt: skip
    plates = (await running.get(f"/submodels?semanticId={reference}")).json()["result"]
    assert [each["idShort"] for each in plates] == ["Nameplate", "Nameplate"]
    named = (await running.get("/submodels?idShort=TechnicalData")).json()["result"]
    assert len(named) == 2
    for content in ({"name": "globalAssetId", "value": f"{BASE}/asset/press-02"},
                    [{"name": "globalAssetId", "value": f"{BASE}/asset/press-02"}]):  # fmt: skip
        asked = await running.get(f"/shells?assetIds={b64(json.dumps(content))}")
        assert [each["idShort"] for each in asked.json()["result"]] == ["Press02"]


async def test_a_shell_leads_to_its_submodels(running: Running) -> None:
    shell = (await running.get(f"/shells/{SHELL}")).json()
    references = (await running.get(f"/shells/{SHELL}/submodel-refs")).json()["result"]
    assert references == shell["submodels"]
    information = (await running.get(f"/shells/{SHELL}/asset-information")).json()
    assert information == shell["assetInformation"]
    through = await running.get(f"/shells/{SHELL}/submodels/{OPERATIONAL}/$value")
    assert through.json() == (await running.get(f"{ONE}/$value")).json()
    other = b64(submodel_id("press-02", "OperationalData"))
    assert (await running.get(f"/shells/{SHELL}/submodels/{other}")).status_code == 404


async def test_a_concept_is_found_by_its_id(running: Running) -> None:
    first = (await running.get("/concept-descriptions?limit=1")).json()["result"][0]
    again = await running.get(f"/concept-descriptions/{b64(first['id'])}")
    assert again.json() == first


async def test_level_core_leaves_out_what_lies_deeper(running: Running) -> None:
    core = (await running.get(f"{ONE}?level=core")).json()
    mold = next(each for each in core["submodelElements"] if each["idShort"] == "Mold")
    assert "value" not in mold
    values = (await running.get(f"{ONE}/submodel-elements/$value?level=core")).json()
    assert values["result"][0] == {"Mold": {"TemperatureLower": 179.9}}
    assert (await running.get(f"{ONE}/$value?level=core")).json()["Mold"] == {}


async def test_a_client_that_has_it_already_gets_nothing_again(running: Running) -> None:
    first = await running.get(ONE)
    tag = first.headers["etag"]
    again = await running.get(ONE, headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    await running.store(180.5)
    changed = await running.get(ONE, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


WRONG = (
    (f"{ONE}?level=shallow", 400),
    (f"{ONE}?extent=half", 400),
    ("/submodels?limit=-1", 400),
    ("/submodels?limit=0", 400),
    ("/submodels?cursor=%21", 400),
    ("/submodels?semanticId=bm8", 400),
    ("/shells?assetIds=e30", 400),
    (f"/submodels/{OPERATIONAL}=====", 400),
    ("/submodels/%ED%95%9C", 400),
    (f"/submodels/{b64('https://nobody')}", 404),
    (f"{ONE}/submodel-elements/Mold.Pressure", 404),
    (f"{ONE}/submodel-elements/Mold.Pressure/$value", 404),
    ("/shells/eHg", 404),
    ("/nothing", 404),
)


async def test_wrong_requests_get_the_error_of_part_2(running: Running) -> None:
    for path, status in WRONG:
        answer = await running.get(path)
        assert answer.status_code == status, path
        assert error_of(answer)


async def test_padding_that_clients_send_is_accepted(running: Running) -> None:
    padded = OPERATIONAL + "=" * (-len(OPERATIONAL) % 4)
    assert (await running.get(f"/submodels/{padded}")).status_code == 200
    assert (await running.get(f"/submodels/{OPERATIONAL}==")).status_code == 200


async def test_writing_is_refused_as_not_allowed_here(running: Running) -> None:
    answer = await running.client.put(running.server.url + ONE, json={})
    assert answer.status_code == 405
    assert error_of(answer)


QUALITY = b64(submodel_id("press-01", "OperationalDataQuality"))


@pytest.mark.parametrize(
    "path",
    [
        f"/submodels/{QUALITY}",
        f"/submodels/{QUALITY}/$value",
        f"/submodels/{QUALITY}/submodel-elements",
        f"/submodels/{QUALITY}/submodel-elements/Power",
        "/submodels",
        "/submodels/$path",
        "/serialization",
        "/aas",
    ],
)
async def test_no_request_compiles_a_submodel_on_the_event_loop(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_loop: list[bool] = []

    class Watched(Fragments):
        def __init__(self, *given: Any) -> None:
            on_the_loop.append(threading.get_ident() == loop)
            super().__init__(*given)

    loop = threading.get_ident()
    async with served(tmp_path, models=[following(press())]) as running:
        monkeypatch.setattr(live_submodel, "Fragments", Watched)
        answer = await running.get(path)
    assert answer.status_code == 200
    assert on_the_loop
    assert not any(on_the_loop)

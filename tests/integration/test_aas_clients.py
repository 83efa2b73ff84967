"""Clients of others against the running gateway: three from PyPI, and the requests of three tools.

The tools' requests are put together from what is known of their sources (basyx-aas-web-ui 2026-08,
mnestix-browser 2026-05, package-explorer); they were not captured from the running tools.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.aas_content import PNG, SHELL_ID, SUBMODEL_ID
from tests.integration.api_parts import Running, b64, served
from tests.integration.test_aas_judge import fill
from tests.unit.aas.parts import BASE, submodel_id

LIVE = submodel_id("press-01", "OperationalData")
PRESS = f"{BASE}/aas/press-01"
ORIGIN = "https://viewer.example"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with served(tmp_path, origins=[ORIGIN]) as made:
        await fill(made)
        await made.store(180.5)
        yield made


async def test_shellsmith_browses_shells_and_reads_live_values(running: Running) -> None:
    from shellsmith.clients import AsyncClient

    for base in ("", "/api/v3.0", "/api/v3.1"):
        async with AsyncClient(host=running.server.url + base) as client:
            shells = (await client.get_shells())["result"]
            assert [each["idShort"] for each in shells] == ["Press01", "Press02", "Line1", "Line2"]
            references = await client.get_submodel_refs(PRESS)
            assert LIVE in json.dumps(references)
            values = await client.get_submodel_value(LIVE)
            assert values["Mold"]["TemperatureLower"] == 180.5


async def test_aas_http_client_browses_shells_and_reads_live_values(running: Running) -> None:
    from aas_http_client.classes.client.aas_client import create_by_url

    def browse() -> tuple[Any, ...]:
        client = create_by_url(f"{running.server.url}/", encoded_ids=False, trust_env=False)
        assert client is not None
        assert client.shells is not None
        assert client.submodels is not None
        return (
            client.shells.get_all_asset_administration_shells(),
            client.shells.get_submodel_by_id_aas_repository(PRESS, LIVE),
            client.submodels.get_submodel_by_id_value_only(LIVE),
            client.shells.get_thumbnail_aas_repository(SHELL_ID),
        )

    shells, whole, values, thumbnail = await asyncio.to_thread(browse)
    assert len(shells["result"]) == 4
    assert whole["idShort"] == "OperationalData"
    assert values["Mold"]["TemperatureLower"] == 180.5
    assert thumbnail == PNG


async def test_basyx_client_browses_shells_and_reads_live_values(running: Running) -> None:
    from basyx_client import AASClient

    async with AASClient(f"{running.server.url}/api/v3.0") as client:
        shells = await client.shells.list_async()
        assert [each.id_short for each in shells.items][:2] == ["Press01", "Press02"]
        whole = await client.submodels.get_async(LIVE)
        mold: Any = whole.get_referable("Mold")
        assert mold.get_referable("TemperatureLower").value == 180.5
        path = "Mold.TemperatureLower"
        assert await client.submodels.elements.get_value_async(LIVE, path) == 180.5


def asset(name: str, value: str) -> str:
    return b64(json.dumps({"name": name, "value": value}))


def padded(identifier: str) -> str:
    return base64.urlsafe_b64encode(identifier.encode()).decode()


WEB_UI = (
    "/shells?limit=1&level=core",
    "/shells?limit=100&cursor=",
    f"/shells/{b64(PRESS)}",
    f"/shells/{b64(PRESS)}/asset-information",
    f"/shells/{b64(SHELL_ID)}/asset-information/thumbnail",
    f"/shells/{b64(PRESS)}/submodel-refs",
    "/submodels?limit=1&level=core",
    f"/submodels/{b64(LIVE)}",
    f"/submodels/{b64(LIVE)}/submodel-elements/Mold.TemperatureLower",
    f"/submodels/{b64(SUBMODEL_ID)}/submodel-elements/Rows%5B1%5D",
    f"/submodels/{b64(SUBMODEL_ID)}/submodel-elements/Manual/attachment",
    "/concept-descriptions?limit=1&level=core",
    "/shell-descriptors?limit=1",
    "/submodel-descriptors?limit=1",
    f"/shell-descriptors/{b64(PRESS)}",
    f"/submodel-descriptors/{b64(LIVE)}",
    f"/lookup/shells?assetIds={asset('globalAssetId', f'{BASE}/asset/press-01')}",
    f"/serialization?aasIds={b64(PRESS)}&submodelIds={b64(LIVE)}&includeConceptDescriptions=true",
    "/description",
)
MNESTIX = (
    "/shells?limit=10&cursor=",
    f"/submodels/{b64(LIVE)}/$metadata?level=core",
    f"/submodels/{b64(LIVE)}/submodel-elements/Mold.TemperatureLower/$value",
    f"/submodels/{b64(LIVE)}/$value",
    f"/submodels/{b64(SUBMODEL_ID)}/submodel-elements/Manual/attachment?fileName=manual.pdf",
    f"/shell-descriptors/{b64(PRESS)}",
    f"/lookup/shells?assetIds={asset('serialNumber', 'SN-Line1')}",
)
PACKAGE_EXPLORER = (
    "/description",
    "/shells?Limit=10&Cursor=",
    f"/shells/{b64(PRESS)}",
    f"/submodels/{b64(SUBMODEL_ID)}?level=deep&extent=withBlobValue",
    "/concept-descriptions?Limit=100",
    f"/shells/{b64(SHELL_ID)}/asset-information/thumbnail",
    f"/submodels/{b64(SUBMODEL_ID)}/submodel-elements/Manual/attachment",
    "/shell-descriptors?Limit=10",
    f"/lookup/shells?AssetIds={asset('globalAssetId', f'{BASE}/asset/press-01')}",
)
PUSHERS = (f"/submodels/{padded(LIVE)}/submodel-elements/Mold.TemperatureLower/$value",)


async def test_every_recorded_request_of_the_tools_is_answered(running: Running) -> None:
    for path in (*WEB_UI, *MNESTIX, *PACKAGE_EXPLORER, *PUSHERS):
        for base in ("", "/api/v3.0"):
            answer = await running.get(base + path, headers={"origin": ORIGIN})
            assert answer.status_code == 200, (path, answer.text)
            assert answer.headers["access-control-allow-origin"] == ORIGIN


async def test_the_extent_decides_about_the_content_of_blobs(running: Running) -> None:
    one = f"/submodels/{b64(SUBMODEL_ID)}"
    for suffix in ("", "/submodel-elements/Script", "/$value", "/submodel-elements/Script/$value"):
        without = (await running.get(one + suffix)).text
        assert "aGk=" not in without
        whole = await running.get(f"{one}{suffix}?extent=withBlobValue")
        assert "aGk=" in whole.text


async def test_one_asset_link_or_a_list_or_several_find_the_same_shell(running: Running) -> None:
    link = {"name": "serialNumber", "value": "SN-Line1"}
    other = asset("globalAssetId", f"{SHELL_ID}/asset")
    for query in (
        f"assetIds={b64(json.dumps(link))}",
        f"assetIds={b64(json.dumps([link]))}",
        f"assetIds={b64(json.dumps(link))}&assetIds={other}",
        f"assetIds={b64(json.dumps(link))},{other}",
    ):
        assert (await running.get(f"/lookup/shells?{query}")).json()["result"] == [SHELL_ID]
    url = f"{running.server.url}/lookup/shellsByAssetLink"
    assert (await running.client.post(url, json=[link])).json()["result"] == [SHELL_ID]
    found = (await running.get(f"/lookup/shells/{b64(SHELL_ID)}")).json()
    assert link in found


async def test_descriptors_lead_back_to_this_very_address(running: Running) -> None:
    for base in ("", "/api/v3.0", "/api/v3.1"):
        listed = (await running.get(f"{base}/shell-descriptors")).json()["result"]
        for shell in listed:
            for each in (shell, *shell["submodelDescriptors"]):
                href = each["endpoints"][0]["protocolInformation"]["href"]
                assert href.startswith(f"{running.server.url}{base}/s")
                assert (await running.client.get(href)).json()["id"] == each["id"]


async def test_a_browser_may_ask_before_it_writes(running: Running) -> None:
    wish = {"origin": ORIGIN, "access-control-request-method": "PATCH"}
    url = f"{running.server.url}/submodels/{b64(LIVE)}/$value"
    answer = await running.client.options(url, headers=wish)
    assert answer.status_code == 204
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    stranger = await running.get("/shells", headers={"origin": "https://other.example"})
    assert "access-control-allow-origin" not in stranger.headers


async def test_an_element_has_its_own_entity_tag(running: Running) -> None:
    """A viewer that polls one element gets it again only when it has changed itself."""
    quiet = f"/submodels/{b64(LIVE)}/submodel-elements/State"
    tag = (await running.get(quiet)).headers["etag"]
    whole = (await running.get(f"/submodels/{b64(LIVE)}")).headers["etag"]
    await running.store(181.5)
    again = await running.get(quiet, headers={"if-none-match": tag})
    assert again.status_code == 304
    changed = await running.get(f"/submodels/{b64(LIVE)}", headers={"if-none-match": whole})
    assert changed.status_code == 200


async def test_a_list_has_an_entity_tag_too(running: Running) -> None:
    for path in ("/submodels", "/shells", "/shell-descriptors", "/concept-descriptions"):
        tag = (await running.get(path)).headers["etag"]
        again = await running.get(path, headers={"if-none-match": tag})
        assert again.status_code == 304, path
    await running.store(182.5)
    changed = await running.get("/submodels", headers={"if-none-match": tag})
    assert changed.status_code == 200

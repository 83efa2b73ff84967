"""Written AAS content over HTTP: made, changed, removed, kept; what is generated stays."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.aas_content import (
    CONCEPT_ID,
    PNG,
    SHELL_ID,
    SUBMODEL_ID,
    concept,
    shell,
    submodel,
    text,
)
from tests.integration.api_parts import Running, b64, served
from tests.integration.test_aas_judge import fill
from tests.integration.test_api_aas import error_of
from tests.integration.test_api_guard import USERS, login
from tests.unit.aas.parts import BASE, submodel_id

ONE = f"/submodels/{b64(SUBMODEL_ID)}"
LIVE = f"/submodels/{b64(submodel_id('press-01', 'OperationalData'))}"
PRESS = f"/shells/{b64(f'{BASE}/aas/press-01')}"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with served(tmp_path) as made:
        await fill(made)
        yield made


async def send(running: Running, method: str, path: str, **more: Any) -> httpx.Response:
    return await running.client.request(method, running.server.url + path, **more)


async def elements(running: Running) -> dict[str, Any]:
    return {e["idShort"]: e for e in (await running.get(ONE)).json()["submodelElements"]}


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        await fill(running)
        before = [(await running.get(p)).json() for p in ("/shells", ONE, "/concept-descriptions")]
    async with served(tmp_path) as running:
        paths = ("/shells", ONE, "/concept-descriptions")
        assert [(await running.get(path)).json() for path in paths] == before
        thumbnail = await running.get(f"/shells/{b64(SHELL_ID)}/asset-information/thumbnail")
        assert thumbnail.content == PNG
        manual = await running.get(f"{ONE}/submodel-elements/Manual/attachment")
        assert (manual.content, manual.headers["content-type"]) == (b"%PDF-1.4", "application/pdf")


async def test_elements_are_added_replaced_merged_and_removed(running: Running) -> None:
    group = f"{ONE}/submodel-elements/Group"
    added = await send(running, "POST", group, json=text("New"))
    assert added.status_code == 201
    assert added.headers["location"].endswith("/submodel-elements/Group.New")
    again = await send(running, "POST", group, json=text("New"))
    assert (again.status_code, error_of(again)[:6]) == (409, "exists")
    put = await send(running, "PUT", f"{group}.New", json=text("New", "b"))
    assert put.status_code == 204
    assert (await send(running, "PUT", f"{group}.Next", json=text("Next"))).status_code == 201
    merged = await send(running, "PATCH", f"{group}.New", json={"category": "PARAMETER"})
    assert merged.status_code == 204
    assert (await running.get(f"{group}.New")).json() == {**text("New", "b"),
                                                          "category": "PARAMETER"}  # fmt: skip
    assert (await send(running, "DELETE", f"{group}.New")).status_code == 204
    assert (await running.get(f"{group}.New")).status_code == 404
    appended = await send(running, "POST", f"{ONE}/submodel-elements/Rows", json={
        "modelType": "Property", "valueType": "xs:int", "value": "3"})  # fmt: skip
    assert appended.headers["location"].endswith("Rows[2]")
    assert (await running.get(f"{ONE}/submodel-elements/Rows/$value")).json() == [1, 2, 3]


async def test_what_value_gives_may_be_sent_back(running: Running) -> None:
    """A PATCH of exactly what $value returned changes nothing."""
    before = (await running.get(ONE)).json()
    value = (await running.get(f"{ONE}/$value?extent=withBlobValue")).json()
    assert (await send(running, "PATCH", f"{ONE}/$value", json=value)).status_code == 204
    assert (await running.get(ONE)).json() == before
    note = f"{ONE}/submodel-elements/Note"
    assert (await send(running, "PATCH", f"{note}/$value", json="other")).status_code == 204
    assert (await running.get(f"{note}/$value")).json() == "other"


async def test_a_change_gives_another_entity_tag(running: Running) -> None:
    tag = (await running.get(ONE)).headers["etag"]
    await send(running, "PATCH", f"{ONE}/submodel-elements/Note/$value", json="other")
    assert (await running.get(ONE, headers={"if-none-match": tag})).status_code == 200


REFUSED: tuple[tuple[str, str, Any], ...] = (
    ("PUT", LIVE, submodel()),
    ("DELETE", LIVE, None),
    ("PATCH", f"{LIVE}/$value", {"Count": 1}),
    ("PATCH", f"{LIVE}/submodel-elements/Count/$value", 1),
    ("POST", f"{LIVE}/submodel-elements", text("New")),
    ("DELETE", f"{LIVE}/submodel-elements/Count", None),
    ("DELETE", PRESS, None),
    ("PUT", f"{PRESS}/asset-information", {}),
    ("POST", "/shell-descriptors", {}),
)


async def test_a_generated_document_refuses_every_change(running: Running) -> None:
    before = (await running.get(LIVE)).json()
    for method, path, body in REFUSED:
        answer = await send(running, method, path, json=body)
        assert answer.status_code == 405, (method, path, answer.text)
        assert error_of(answer)
    assert (await running.get(LIVE)).json() == before
    taken = await send(running, "POST", "/submodels", json={
        **submodel(), "id": submodel_id("press-01", "OperationalData")})  # fmt: skip
    assert taken.status_code == 409


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"modelType": "Property", "idShort": "A1"}, "A1: valueType is missing"),
    ({**text("A1"), "valueType": "xs:int"}, "A1.value: is not a text of xs:int"),
    (text("1A"), "AASd-002"),
    (text("A b"), "AASd-002"),
    ({**text("A1"), "colour": "red"}, "A1.colour: is not a member"),
    ({**text("A1"), "qualifiers": []}, "A1.qualifiers: is empty"),
    ({"modelType": "Widget", "idShort": "A1"}, "is not a submodel element"),
    ({"modelType": "SubmodelElementCollection", "idShort": "A1",
      "value": [text("B1"), text("B1")]}, "B1 comes twice (AASd-022)"),
    ({"modelType": "SubmodelElementCollection", "idShort": "A1", "value": [
        {"modelType": "Property", "valueType": "xs:int"}]}, "idShort is missing (AASd-117)"),
    ({"modelType": "SubmodelElementList", "idShort": "A1", "typeValueListElement": "Property",
      "value": [text("B1")]}, "AASd-120"),
    ({"modelType": "ReferenceElement", "idShort": "A1",
      "value": {"type": "ModelReference", "keys": []}}, "A1.value.keys: is empty"),
    ({"modelType": "Entity", "idShort": "A1", "entityType": "SelfManagedEntity"}, "AASd-014"),
)  # fmt: skip


async def test_what_is_no_aas_is_refused_with_its_place(running: Running) -> None:
    before = (await running.get(ONE)).json()
    for element, expected in WRONG:
        answer = await send(running, "POST", f"{ONE}/submodel-elements", json=element)
        assert answer.status_code == 400, element
        assert expected in error_of(answer)
    bodies: tuple[tuple[str, Any], ...] = (
        ("/shells", {**shell(), "id": ""}),
        ("/shells", {}),
        ("/submodels", []),
        ("/concept-descriptions", {**concept(), "modelType": "Submodel"}),
    )
    for path, body in bodies:
        assert (await send(running, "POST", path, json=body)).status_code == 400
    broken = await send(running, "POST", "/submodels", content=b"{")
    assert broken.status_code == 400
    assert (await running.get(ONE)).json() == before


async def test_a_submodel_leaves_with_its_files_and_its_reference(running: Running) -> None:
    below = f"/shells/{b64(SHELL_ID)}{ONE}"
    assert (await send(running, "DELETE", below)).status_code == 204
    assert (await running.get(ONE)).status_code == 404
    references = (await running.get(f"/shells/{b64(SHELL_ID)}/submodel-refs")).json()["result"]
    assert SUBMODEL_ID not in [each["keys"][0]["value"] for each in references]
    await send(running, "POST", "/submodels", json=submodel())
    assert (await running.get(f"{ONE}/submodel-elements/Manual/attachment")).status_code == 404


async def test_shells_and_concepts_are_replaced_and_removed(running: Running) -> None:
    path = f"/shells/{b64(SHELL_ID)}"
    model = {**shell(), "idShort": "Other"}
    assert (await send(running, "PUT", path, json=model)).status_code == 204
    assert (await running.get(path)).json()["idShort"] == "Other"
    assert (await send(running, "DELETE", path)).status_code == 204
    assert (await send(running, "DELETE", path)).status_code == 404
    assert (await send(running, "PUT", path, json=shell())).status_code == 201
    place = f"/concept-descriptions/{b64(CONCEPT_ID)}"
    assert (await send(running, "PUT", place, json={**concept(), "id": "x"})).status_code == 400
    assert (await send(running, "DELETE", place)).status_code == 204


async def test_an_operation_is_known_and_not_carried_out(running: Running) -> None:
    for path, status in (("Reset", 501), ("Note", 405), ("Nothing", 404)):
        for way in ("invoke", "invoke/$value", "invoke-async"):
            answer = await send(running, "POST", f"{ONE}/submodel-elements/{path}/{way}", json={})
            assert (answer.status_code, bool(error_of(answer))) == (status, True)


async def test_everything_comes_as_json_xml_and_aasx(running: Running) -> None:
    query = f"/serialization?aasIds={b64(SHELL_ID)}"
    answer = await running.get(query)
    assert [each["id"] for each in answer.json()["assetAdministrationShells"]] == [SHELL_ID]
    assert len(answer.json()["submodels"]) == 2
    xml = await running.get(query, headers={"accept": "application/xml"})
    assert b"https://admin-shell.io/aas/3/1" in xml.content
    old = await running.get(f"/api/v3.0{query}", headers={"accept": "application/xml"})
    assert b"https://admin-shell.io/aas/3/0" in old.content
    kind = "application/asset-administration-shell-package"
    aasx = await running.get(query, headers={"accept": f"{kind}+xml, application/json;q=0.5"})
    assert aasx.headers["content-type"] == f"{kind}+xml"
    with zipfile.ZipFile(io.BytesIO(aasx.content)) as package:
        content = {name: package.read(name) for name in package.namelist()}
    assert PNG in content.values()
    assert content["aasx/files/manual.pdf"] == b"%PDF-1.4"


async def test_a_viewer_reads_and_an_operator_writes(tmp_path: Path) -> None:
    async with served(tmp_path, USERS) as running:
        for name, status in (("viewer", 403), ("operator", 201)):
            answer = await send(running, "POST", "/submodels", json=submodel(), auth=login(name))
            assert answer.status_code == status
        assert (await send(running, "POST", "/submodels", json=submodel())).status_code == 401
        link = [{"name": "serialNumber", "value": "none"}]
        asked = await send(
            running, "POST", "/lookup/shellsByAssetLink", json=link, auth=login("viewer")
        )
        assert asked.status_code == 200


async def test_active_files_are_only_handed_out_as_a_download(running: Running) -> None:
    path = f"{ONE}/submodel-elements/Manual/attachment"
    page = {"file": ("../../evil.html", b"<script>1</script>", "text/html")}
    assert (await send(running, "PUT", path, files=page)).status_code == 204
    answer = await running.get(path)
    assert answer.headers["content-disposition"] == 'attachment; filename="evil.html"'
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_damaged_store_is_set_aside_and_the_gateway_serves(tmp_path: Path) -> None:
    (tmp_path / "aas").mkdir()
    (tmp_path / "aas" / "content.db").write_bytes(b"no database at all" * 1000)
    async with served(tmp_path) as running:
        assert (await running.get(LIVE)).status_code == 200
        assert (await send(running, "POST", "/submodels", json=submodel())).status_code == 201
    assert (tmp_path / "aas" / "content.db.damaged").exists()


async def test_a_package_that_was_served_reads_back_as_what_is_served(running: Running) -> None:
    from aas_models.importing import read_package

    kind = "application/asset-administration-shell-package"
    for base in ("/api/v3.0", "/api/v3.1"):
        answer = await running.get(f"{base}/serialization", headers={"accept": kind})
        imported = read_package(answer.content, "served.aasx")
        assert imported.metamodel == base.removeprefix("/api/v")
        assert imported.lost == ()
        served_ids = {each["id"] for each in (await running.get("/submodels")).json()["result"]}
        assert {each["id"] for each in imported.environment["submodels"]} == served_ids
        assert imported.files["/aasx/files/manual.pdf"].data == b"%PDF-1.4"
        assert imported.files[imported.thumbnail or ""].data == PNG

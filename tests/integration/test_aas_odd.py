"""Requests that nobody should send: each gets an answer of Part 2, none an internal error."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from tests.integration.aas_content import CONCEPT_ID, SHELL_ID, SUBMODEL_ID, submodel
from tests.integration.api_parts import b64, served
from tests.integration.test_aas_judge import fill
from tests.integration.test_api_aas import error_of

SHELL, ONE = f"/shells/{b64(SHELL_ID)}", f"/submodels/{b64(SUBMODEL_ID)}"
PATHS = (
    "/shells", SHELL, f"{SHELL}/asset-information", f"{SHELL}/submodel-refs",
    f"{SHELL}/asset-information/thumbnail", f"{SHELL}/submodel-refs/eHg", "/submodels", ONE,
    f"{ONE}/$value", f"{ONE}/$metadata", f"{ONE}/submodel-elements",
    f"{ONE}/submodel-elements/Group", f"{ONE}/submodel-elements/Rows%5B0%5D",
    f"{ONE}/submodel-elements/Rows%5B9%5D", f"{ONE}/submodel-elements/.Group",
    f"{ONE}/submodel-elements/Cell.Place/$value", f"{ONE}/submodel-elements/Rows/$value",
    f"{ONE}/submodel-elements/Follows/$value", f"{ONE}/submodel-elements/Reset/invoke",
    f"{ONE}/submodel-elements/Script/attachment", f"{ONE}/submodel-elements/Note/attachment",
    "/concept-descriptions", f"/concept-descriptions/{b64(CONCEPT_ID)}", "/lookup/shells/eHg",
    "/lookup/shellsByAssetLink", "/shell-descriptors/eHg", "/query/shells", "/serialization",
    "/description", "/submodels/$value", "/submodels/$path", "/aas/none", "/api/v3.1/api/v3.1/x",
)  # fmt: skip
BODIES: tuple[Any, ...] = (
    None, 5, "text", [], {}, {"modelType": None}, {"keys": 1}, {"keys": [{"value": "x"}]},
    {"modelType": "Property", "idShort": ["x"]}, {"value": {"a": [1]}}, {"idShort": 5},
    {"statements": 5}, {"annotations": [5]}, [{"ko": 5}], [{"name": 1, "value": 2}],
    {"modelType": "Submodel", "id": "x", "semanticId": 5}, {"submodelElements": [{}]},
)  # fmt: skip


async def test_no_request_ends_in_an_internal_error(tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        await fill(running)
        for path, method in itertools.product(PATHS, ("GET", "POST", "PUT", "PATCH", "DELETE")):
            for body in BODIES if method not in {"GET", "DELETE"} else (None,):
                url = running.server.url + path
                answer = await running.client.request(method, url, json=body)
                told = (method, path, body, answer.status_code, answer.text[:200])
                assert answer.status_code < 500 or answer.status_code == 501, told
                if answer.status_code >= 400:
                    assert error_of(answer), told
            if method == "DELETE" and path in {SHELL, ONE}:
                await fill_again(running)
        for path in ("/shells", "/submodels", "/serialization", "/aas", "/concept-descriptions"):
            assert (await running.get(path)).status_code == 200


async def fill_again(running: Any) -> None:
    url = f"{running.server.url}{ONE}"
    answer = await running.client.put(url, json=submodel())
    assert answer.status_code in {201, 204}

"""The page of the AAS tree."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.api_parts import Running, b64, served
from tests.integration.test_aas_judge import fill
from tests.unit.aas.parts import submodel_id


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with served(tmp_path) as made:
        await fill(made)
        await made.store(180.5)
        yield made


async def test_the_page_shows_names_values_and_units_in_the_reader_s_language(
    running: Running,
) -> None:
    korean = (await running.get("/aas", headers={"accept-language": "ko-KR,ko;q=0.9"})).text
    assert "프레스 1호기" in korean
    assert "금형온도 하" in korean
    english = (await running.get("/aas?lang=en", headers={"accept-language": "ko"})).text
    assert "Mold temperature, lower" in english
    for page in (korean, english):
        place = re.search(r'data-path="Mold.TemperatureLower">([^<]*)<', page)
        assert place is not None
        assert place[1] == "180.5"
        assert "°C" in page


async def test_the_places_of_the_page_are_the_paths_of_its_values(running: Running) -> None:
    """The script finds every live value of the submodel in the page."""
    page = (await running.get("/aas")).text
    live = submodel_id("press-01", "OperationalData")
    part = page.partition(f"data-submodel={b64(live)}")[2].partition("</details>")[0]
    shown = set(re.findall(r'data-path="([^"]*)"', part))
    paths = (await running.get(f"/submodels/{b64(live)}/$path")).json()
    assert {each for each in paths if each != "Mold"} == shown


async def test_the_page_lets_a_browser_load_nothing_from_elsewhere(running: Running) -> None:
    answer = await running.get("/aas")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", answer.text)
    assert not re.search(r"<(script|style)>|\son\w+=|\sstyle=", answer.text)
    for name, kind in (("page.js", "text/javascript"), ("page.css", "text/css")):
        loaded = await running.get(f"/aas/{name}")
        assert loaded.headers["content-type"].startswith(kind)


async def test_what_somebody_wrote_is_text_in_the_page(running: Running) -> None:
    url = f"{running.server.url}/submodels"
    evil = "<img src=x onerror=alert(1)>"
    model = {
        "modelType": "Submodel",
        "id": evil,
        "idShort": "Evil",
        "displayName": [{"language": "en", "text": evil}],
        "submodelElements": [
            {"modelType": "Property", "idShort": "Text", "valueType": "xs:string", "value": evil}
        ],
    }
    assert (await running.client.post(url, json=model)).status_code == 201
    page = (await running.get("/aas?lang=en")).text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


async def test_the_first_page_leads_to_it(running: Running) -> None:
    assert 'href="/aas?lang=en"' in (await running.get("/?lang=en")).text

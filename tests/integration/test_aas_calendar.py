"""The production calendar of a machine with shifts comes with its file, served and exported."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from aas_models.export import export
from aas_models.importing import read_path
from aas_models.importing.report import File
from aas_models.submodels import made_files
from aas_models.submodels.production_calendar import ID_SHORT
from aas_models.templates.check import check
from aas_models.templates.rules import bundled
from gateway.core.assets import AssetModel, OeePlan
from tests.integration.api_parts import b64, served
from tests.unit.aas.parts import press, submodel_id

PLAN = OeePlan(state=2, running=frozenset({"run"}), shifts=((480, 1020),), days=frozenset(range(5)))
CALENDAR = submodel_id("press-01", ID_SHORT)


def machine() -> AssetModel:
    model = press()
    return dataclasses.replace(model, ids={**model.ids, ID_SHORT: CALENDAR}, oee=PLAN)


async def test_a_calendar_is_read_over_the_interface_with_its_file(tmp_path: Path) -> None:
    async with served(tmp_path, models=[machine()]) as running:
        url = f"{running.server.url}/submodels/{b64(CALENDAR)}"
        made = (await running.client.get(url)).json()
        file = await running.client.get(f"{url}/submodel-elements/calendar/attachment")
        put = await running.client.put(f"{url}/submodel-elements/calendar/attachment", content=b"x")
        packed = await running.client.get(
            f"{running.server.url}/serialization?submodelIds={b64(CALENDAR)}",
            headers={"accept": "application/asset-administration-shell-package"},
        )
    assert check(made, bundled("ProductionCalendar 1.0")) == []
    assert file.status_code == 200
    assert file.headers["content-type"].startswith("text/calendar")
    assert "BYDAY=MO,TU,WE,TH,FR" in file.text
    assert put.status_code == 405
    (tmp_path / "served.aasx").write_bytes(packed.content)
    assert read_path(tmp_path / "served.aasx").files.keys() >= made_files([machine()]).keys()


def test_an_exported_package_holds_the_file_that_the_calendar_names(tmp_path: Path) -> None:
    model = machine()
    files = {name: File(f.content_type, f.data) for name, f in made_files([model]).items()}
    export([model], {}, tmp_path / "press.aasx", "aasx", files=files)
    found = read_path(tmp_path / "press.aasx")
    assert not [each for each in found.repairs if each.problem == "part-missing"]
    assert b"BEGIN:VEVENT" in found.files["/aasx/files/press-01-calendar.ics"].data

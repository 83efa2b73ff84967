"""Production Calendar 1.0: the shifts of a device as iCalendar, with the files it points to.

Source: IDTA 02067-1-0, RFC 5545. The template wants a text file for each variable by which it
extends iCalendar; ours say in a sentence what the variable means here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aas_models.elements import Json, element, submodel, text_property
from aas_models.environment_parts import AnySubmodel, LazySubmodel
from aas_models.oee.shifts import EVERY_DAY
from aas_models.submodel_kind import SubmodelKind
from gateway.core.assets import AssetModel, OeePlan
from gateway.core.files import NamedFile

ID_SHORT = "ProductionCalendar"
SEMANTIC_ID = "https://admin-shell.io/idta/SubmodelTemplate/ProductionCalendar/1/0"
_PC = "https://admin-shell.io/idta/ProductionCalendar"
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
VARIABLES = {
    "X_BREAK": "A span inside a production day that is not planned for production.",
    "X_PRODUCTION_DAY": "A span that is planned for production.",
}
_MONDAY = 5
"""1970-01-05, on which the series of weeks begins."""


def production_calendar(identifier: str, device: str, plan: OeePlan) -> Json:
    """Make the submodel; its files are those of `calendar_files`."""
    listed = [
        {
            "modelType": "SubmodelElementCollection",
            "semanticId": {
                "type": "ExternalReference",
                "keys": [{"type": "GlobalReference", "value": _EXTENSIONS}],
            },
            "value": [
                text_property("variableName", name, f"{_PC}/variableName/1/0"),
                _file("variableSpecification", variable_path(device, name), "text/plain"),
            ],
        }
        for name in _used(plan)
    ]
    elements = [
        _file("calendar", calendar_path(device), "text/calendar"),
        element(
            "SubmodelElementList",
            "specificationExtensionVariables",
            semantic_id=_EXTENSIONS,
            typeValueListElement="SubmodelElementCollection",
            value=listed,
        ),
    ]
    return submodel(identifier, ID_SHORT, SEMANTIC_ID, elements, version=("1", "0"))


_EXTENSIONS = f"{_PC}/specificationExtensionVariables/1/0"


def calendar_path(device: str) -> str:
    """Give the place of the calendar in a package."""
    return f"/aasx/files/{device}-calendar.ics"


def variable_path(device: str, name: str) -> str:
    """Give the place of a variable's description in a package."""
    return f"/aasx/files/{device}-{name}.txt"


def calendar_files(device: str, plan: OeePlan) -> Mapping[str, tuple[str, bytes]]:
    """Give content type and bytes of every file that the submodel points to."""
    files = {calendar_path(device): ("text/calendar", calendar_text(device, plan).encode())}
    for name in _used(plan):
        files[variable_path(device, name)] = ("text/plain", VARIABLES[name].encode())
    return files


def calendar_text(device: str, plan: OeePlan) -> str:
    """Write the shifts and breaks as weekly events in Korean time."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//factory-telemetry-gateway//KO"]
    lines += ["BEGIN:VTIMEZONE", "TZID:Asia/Seoul", "BEGIN:STANDARD", "DTSTART:19700101T000000"]
    lines += ["TZOFFSETFROM:+0900", "TZOFFSETTO:+0900", "END:STANDARD", "END:VTIMEZONE"]
    for place, span in enumerate(plan.shifts):
        lines += _event(f"{device}-shift-{place}", "X_PRODUCTION_DAY", span, plan.days)
    for place, span in enumerate(plan.breaks):
        lines += _event(f"{device}-break-{place}", "X_BREAK", span, EVERY_DAY)
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _event(uid: str, kind: str, span: tuple[int, int], days: frozenset[int]) -> list[str]:
    begin, end = span
    minutes = (end - begin) % (24 * 60) or 24 * 60
    first = min(days)
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:19700105T000000Z",
        f"DTSTART;TZID=Asia/Seoul:197001{_MONDAY + first:02d}T{begin // 60:02d}{begin % 60:02d}00",
        f"DURATION:PT{minutes}M",
        f"RRULE:FREQ=WEEKLY;BYDAY={','.join(_DAYS[day] for day in sorted(days))}",
        f"CATEGORIES:{kind}",
        "END:VEVENT",
    ]


def _used(plan: OeePlan) -> list[str]:
    return ["X_PRODUCTION_DAY", *(["X_BREAK"] if plan.breaks else [])]


def _file(id_short: str, path: str, content_type: str) -> Json:
    return element(
        "File",
        id_short,
        semantic_id=f"{_PC}/{id_short}/1/0",
        contentType=content_type,
        value=path,
    )


def _parts(model: AssetModel, _of_tags: Sequence[AnySubmodel]) -> list[LazySubmodel]:
    plan, device, identifier = model.oee, model.info.device, model.ids.get(ID_SHORT)
    if plan is None or identifier is None:
        return []
    return [
        LazySubmodel(
            identifier,
            ID_SHORT,
            SEMANTIC_ID,
            lambda: production_calendar(identifier, device, plan),
        )
    ]


def _files(model: AssetModel) -> Mapping[str, NamedFile]:
    if model.oee is None:
        return {}
    return {
        path: NamedFile(content_type, path.rpartition("/")[2], data)
        for path, (content_type, data) in calendar_files(model.info.device, model.oee).items()
    }


KINDS = (
    SubmodelKind(
        name=ID_SHORT,
        semantic_id=SEMANTIC_ID,
        place=100,
        parts=_parts,
        needs="oee",
        files=_files,
        template="ProductionCalendar 1.0",
    ),
)

"""History as a CSV file beside the model: the ExternalSegment of Time Series Data 1.1.

Source: IDTA 02008-1-1, RFC 4180. The header names the variables. BaSyx Web UI looks for an element
`Data` where the template has `File`: both point to the same file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from aas_models.elements import Json, collection, element
from aas_models.submodels.quality import utc_text
from aas_models.submodels.time_series import (
    COMPLETED,
    SEGMENTS,
    TIME,
    Entry,
    TimeRecord,
    segment_facts,
    segments_of,
)
from aas_models.values import lexical, token_of
from gateway.core.assets import LocalName
from gateway.core.types import Value

CONTENT_TYPE = "text/csv"
_TS = "https://admin-shell.io/idta/TimeSeries/"


def records_csv(variables: Sequence[str], records: Sequence[TimeRecord]) -> bytes:
    """Write records with one column for each variable; a value that is not there is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([TIME, *variables])
    for record in records:
        texts = {entry.variable: entry.text or "" for entry in record.entries}
        writer.writerow([utc_text(record.time), *(texts.get(name, "") for name in variables)])
    return out.getvalue().encode()


def merged_records(columns: Mapping[str, Iterable[tuple[int, Value]]]) -> list[TimeRecord]:
    """Join the histories of variables into records, ascending in time.

    Args:
        columns: (time, value) of each variable; a value that is None is left out.
    """
    found: dict[int, list[Entry]] = {}
    for variable, rows in columns.items():
        for time, value in rows:
            token = token_of(value, None) if isinstance(value, str) else _plain(value)
            if token is not None:
                found.setdefault(time, []).append(Entry(variable, lexical(token)))
    return [TimeRecord(time, tuple(found[time])) for time in sorted(found)]


def _plain(value: Value) -> bytes | None:
    if isinstance(value, bool):
        return token_of(value, "xs:boolean")
    if isinstance(value, int):
        return token_of(value, "xs:long")
    return token_of(value, "xs:double" if isinstance(value, float) else None)


def external_segment(id_short: str, path: str, records: Sequence[TimeRecord]) -> Json:
    """Make the segment for a file that `records_csv` wrote; `path` is its place in the package."""
    facts = segment_facts(
        LocalName("파일로 내보낸 이력", "History as a file"),
        LocalName("내보낼 때까지의 기록", "Records until the export"),
        records,
        COMPLETED,
    )
    files = [
        element("File", name, semantic_id=semantic_id, contentType=CONTENT_TYPE, value=path)
        for name, semantic_id in (("File", f"{_TS}File/1/1"), ("Data", None))
    ]
    return collection(id_short, [*facts, *files], f"{_TS}Segments/ExternalSegment/1/1")


def with_segment(submodel: Json, segment: Json) -> Json:
    """Give a time series with one more segment; the one given stays as it is."""
    elements = [each for each in submodel["submodelElements"] if each["idShort"] != SEGMENTS]
    known = [
        inner
        for each in submodel["submodelElements"]
        if each["idShort"] == SEGMENTS
        for inner in each.get("value", ())
    ]
    return {**submodel, "submodelElements": [*elements, segments_of([*known, segment])]}

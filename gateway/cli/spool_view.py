"""How the spool looks: for people as tables, for programs as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.screen import columns, number, printable, size, span, table

if TYPE_CHECKING:
    from gateway.spool.inspect import RecordView, SpoolView
    from gateway.spool.state import QuarantineEntry

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "running": "in use by a running gateway",
        "stopped": "no gateway is running",
        "readers": "DESTINATION|WAITING|DELIVERED|QUARANTINE|GIVEN UP|POSITION",
        "parts": "FILE|OFFSETS|RECORDS|SAMPLES|SIZE",
        "refused": "ID|DESTINATION|OFFSET|KIND|SAMPLES|AGE|REASON",
        "unit": "Counted in records.",
        "fine": "Nothing was refused.   gateway status --data {data}",
        "see": "{count} in quarantine.   gateway spool quarantine --data {data}",
        "retry": "Send again:  gateway spool retry {ids} --data {data}",
        "empty": "Nothing is in quarantine.",
        "retried": "Put back, new offsets: {offsets}",
        "not-retried": "Not put back: {error} {detail}",
        "unknown": "There is no {ids} in quarantine.  See:  gateway spool quarantine",
        "no-answer": "The running gateway did not answer.",
        "failed": "The spool cannot be read: {error}",
        "none": "No record from {first} to {last}. The spool holds: {held}",
        "exported": "{count} records in {path}.",
        "unwritten": "{path} cannot be written: {error}",
    },
    "ko": {
        "running": "게이트웨이 실행 중",
        "stopped": "실행 중인 게이트웨이 없음",
        "readers": "전송처|대기|전달|격리|포기|위치",
        "parts": "파일|오프셋|레코드|샘플|크기",
        "refused": "번호|전송처|오프셋|종류|샘플|경과|사유",
        "unit": "단위: 레코드",
        "fine": "거부된 레코드가 없습니다.   gateway status --data {data}",
        "see": "격리 {count}건.   gateway spool quarantine --data {data}",
        "retry": "다시 보내기:  gateway spool retry {ids} --data {data}",
        "empty": "격리된 레코드가 없습니다.",
        "retried": "다시 보냅니다. 새 오프셋: {offsets}",
        "not-retried": "다시 보내지 못했습니다: {error} {detail}",
        "unknown": "격리에 {ids}번이 없습니다.  확인:  gateway spool quarantine",
        "no-answer": "실행 중인 게이트웨이가 응답하지 않았습니다.",
        "failed": "스풀을 읽을 수 없습니다: {error}",
        "none": "오프셋 {first}-{last}에 레코드가 없습니다. 저장된 범위: {held}",
        "exported": "{path} 에 레코드 {count}개를 썼습니다.",
        "unwritten": "{path} 에 쓸 수 없습니다: {error}",
    },
}


def waiting_records(view: SpoolView) -> dict[str, int]:
    """Give how many records each reader has neither taken, refused nor lost."""
    end = max((part.last for part in view.parts), default=0) + 1
    return {each.name: max(0, end - each.position - each.settled) for each in view.readers}


def screen(view: SpoolView, waiting: dict[str, int], lang: str) -> list[str]:
    """Give the lines of the screen."""
    texts = TEXTS[lang]
    readers = [
        [each.name, number(waiting[each.name]), number(each.delivered), number(each.quarantined),
         number(each.expired), f"#{each.position:,}"]
        for each in view.readers
    ]  # fmt: skip
    parts = [
        [part.name, f"{part.first}-{part.last}", number(part.records), number(part.samples),
         size(part.bytes)]
        for part in view.parts
    ]  # fmt: skip
    state = texts["running" if view.running else "stopped"]
    head = f" {printable(view.folder)}   {size(view.bytes)}   {state}"
    return [
        head, "",
        *table(texts["readers"].split("|"), readers, columns()),
        " " + texts["unit"], "",
        *table(texts["parts"].split("|"), parts, columns()), "",
    ]  # fmt: skip


def record_as_json(record: RecordView) -> dict[str, Any]:
    """Give a record as programs read it."""
    from gateway.spool.as_json import item_as_json

    fields: dict[str, Any] = {"offset": record.offset, "kind": record.kind}
    if record.reader is not None:
        fields["reader"] = record.reader
    if record.item is None:
        return fields | {"problem": record.problem}
    return fields | item_as_json(record.item)


def entry_as_json(folder: Path, entry: QuarantineEntry) -> dict[str, Any]:
    """Give a refused record as programs read it, what it holds included."""
    from gateway.spool.as_json import item_as_json
    from gateway.spool.codec import KIND_NAMES
    from gateway.spool.inspect import quarantined_item

    item = quarantined_item(folder, entry)
    return {
        "id": entry.id,
        "reader": entry.reader,
        "offset": entry.offset,
        "reason": entry.reason,
        "since": entry.since,
        "kind": KIND_NAMES.get(entry.kind or 0),
        "record": None if item is None else item_as_json(item),
    }


def entry_row(entry: QuarantineEntry, lang: str) -> list[object]:
    """Give the cells of a refused record."""
    from gateway.core.clock import SystemClock
    from gateway.spool.codec import KIND_NAMES

    age = span((SystemClock().now() - entry.since) / 1e9, lang)
    kind = KIND_NAMES.get(entry.kind or 0, "?")
    return [entry.id, entry.reader, entry.offset, kind, entry.samples, age, entry.reason]

"""How the spool looks: for people as tables, for programs as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.screen import columns, number, printable, size, span, table
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from gateway.spool.inspect import RecordView, SpoolView
    from gateway.spool.state import QuarantineEntry

TEXTS = Texts(
    __package__,
    {
        "running": N_("in use by a running gateway"),
        "stopped": N_("no gateway is running"),
        "readers": N_("DESTINATION|WAITING|DELIVERED|QUARANTINE|GIVEN UP|POSITION"),
        "parts": N_("FILE|OFFSETS|RECORDS|SAMPLES|SIZE"),
        "refused": N_("ID|DESTINATION|OFFSET|KIND|SAMPLES|AGE|REASON"),
        "unit": N_("Counted in records."),
        "fine": N_("Nothing was refused.   gateway status --data {data}"),
        "see": N_("{count} in quarantine.   gateway spool quarantine --data {data}"),
        "retry": N_("Send again:  gateway spool retry {ids} --data {data}"),
        "empty": N_("Nothing is in quarantine."),
        "retried": N_("Put back, new offsets: {offsets}"),
        "not-retried": N_("Not put back: {error} {detail}"),
        "unknown": N_("There is no {ids} in quarantine.  See:  gateway spool quarantine"),
        "no-answer": N_("The running gateway did not answer."),
        "failed": N_("The spool cannot be read: {error}"),
        "none": N_("No record from {first} to {last}. The spool holds: {held}"),
        "exported": N_("{count} records in {path}."),
        "unwritten": N_("{path} cannot be written: {error}"),
    },
)


def waiting_records(view: SpoolView) -> dict[str, int]:
    """Give how many records each reader has neither taken, refused nor lost."""
    end = max((part.last for part in view.parts), default=0) + 1
    return {each.name: max(0, end - each.position - each.settled) for each in view.readers}


def screen(view: SpoolView, waiting: dict[str, int], lang: Language) -> list[str]:
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


def entry_row(entry: QuarantineEntry, lang: Language) -> list[object]:
    """Give the cells of a refused record."""
    from gateway.core.clock import SystemClock
    from gateway.spool.codec import KIND_NAMES

    age = span((SystemClock().now() - entry.since) / 1e9, lang)
    kind = KIND_NAMES.get(entry.kind or 0, "?")
    return [entry.id, entry.reader, entry.offset, kind, entry.samples, age, entry.reason]

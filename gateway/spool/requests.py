"""What the command line asks of a spool: a file in `requests/`, read within a second.

A request is `<id>.json`, written under another name and renamed. The answer replaces it as
`<id>.done`. A spool that does not run is asked directly, see `inspect`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway.core.errors import SpoolError
from gateway.ops.events import spool as events
from gateway.ops.sqlite import transaction
from gateway.spool.codec import Payload, StoredRow, payload_of
from gateway.spool.outbox import post, send
from gateway.spool.store import Store
from gateway.spool.summary import Totals
from gateway.spool.writing import Entry

FOLDER = "requests"
REQUESTS_MAX = 100
"""Files looked at in one round (I9); the rest comes in the next."""


def answer_requests(store: Store) -> None:
    """Do what the files in `requests/` ask."""
    folder = store.folder / FOLDER
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.json"))[:REQUESTS_MAX]:
        answer = _answer(store, path)
        path.with_suffix(".done").write_text(json.dumps(answer))
        path.unlink()


def _answer(store: Store, path: Path) -> dict[str, Any]:
    try:
        request = json.loads(path.read_bytes())
        numbers = [int(number) for number in request["retry"]]
    except (ValueError, KeyError, TypeError) as error:
        return {"error": "bad-request", "detail": str(error)}
    try:
        return {"retried": [retry(store, number) for number in numbers]}
    except SpoolError as error:
        return {"error": error.reason, "detail": error.detail}


def retry(store: Store, number: int) -> int:
    """Put a quarantined record back to its reader, as a new record for it alone; give its offset.

    Raises:
        SpoolError: there is no such entry, or its bytes could not be kept.
    """
    entry = store.state.quarantined(number)
    if entry is None or entry.reader not in store.readers:
        raise SpoolError("unknown-entry", str(number))
    if entry.body is None or entry.kind is None:
        raise SpoolError("not-kept", f"the bytes of entry {number} were not readable")
    row = StoredRow(
        entry.offset, entry.kind, entry.plan or 0, entry.samples, entry.at or 0, entry.addressee,
        entry.body,
    )  # fmt: skip
    payload: Payload = payload_of(row)
    table = store.state.plan(entry.digest) if entry.digest is not None else None
    item = store.decoder.decode_payload(payload, table)
    account = store.readers[entry.reader].copy()
    counted = Totals(1, entry.samples, len(entry.body))
    account.quarantined = account.quarantined.minus(counted)
    account.requeued = account.requeued.plus(counted)
    with transaction(store.state.connection):
        store.state.remove_quarantined(number)
        store.state.save_account(account)
        post(store, [Entry(item, payload, entry.reader, requeued=True)])
    store.readers = {**store.readers, entry.reader: account}
    send(store)
    events.record_requeued(entry.reader, number, store.next - 1)
    return store.next - 1

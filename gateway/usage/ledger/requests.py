"""What the command line asks of a ledger: a file in `requests/`, read within a second.

A request is `<id>.json`, written under another name and renamed. The answer replaces it as
`<id>.done`. A ledger that does not run is asked directly. From outside, personal content is erased
and an event that was set aside is put back; whom it was about is deleted with the request.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable
from gateway.ops.events import usage_ledger as events
from gateway.ops.lock import FileLock
from gateway.usage.ledger.bodies import move_draft
from gateway.usage.ledger.days import start_of
from gateway.usage.ledger.opening import DAMAGE, believe
from gateway.usage.ledger.people import WHY_PERSON, erase_before, erase_person
from gateway.usage.ledger.questions import move
from gateway.usage.ledger.sql import one
from gateway.usage.ledger.store import Settings, Store
from gateway.usage.model import Move, State

FOLDER = "requests"
LOCK_FILE = "ledger.lock"
WHY_AGAIN = "put back by a person"
REQUESTS_MAX = 20
"""Files looked at in one round (I9); the rest comes in the next."""


def answer_requests(store: Store) -> None:
    """Do what the files in `requests/` ask."""
    folder = store.folder / FOLDER
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.json"))[:REQUESTS_MAX]:
        answer = _answer(store, path)
        path.unlink()
        path.with_suffix(".done").write_text(json.dumps(answer), encoding="ascii")


def _answer(store: Store, path: Path) -> dict[str, Any]:
    try:
        request = json.loads(path.read_bytes())
        count = _do(store, request)
    except (ValueError, KeyError, TypeError, AttributeError):
        events.usage_request_refused("bad-request")
        return {"error": "bad-request"}
    return {"done": count}


def erase(store: Store, request: dict[str, str]) -> int:
    """Erase `person`, one user, or what came `before` a Korean day; inside a transaction.

    Gives the events.

    Raises:
        ValueError, KeyError: the request names neither; nothing was erased.
    """
    if "person" in request:
        return erase_person(store, request["person"])
    return erase_before(store, request["before"], WHY_PERSON)


def put_back(store: Store, event: str) -> int:
    """Let an event that was set aside be sent again; inside a transaction.

    Gives 1, or 0 where it is none, not set aside, unfit or erased.
    """
    question = "SELECT 1 FROM events WHERE seq=? AND kind='event' AND state=? AND user IS NOT NULL"
    found = one(store.connection, question, (store.derived.row_of(event), State.QUARANTINED))
    if found is None:
        return 0
    again = Move(event, State.QUEUED, store.clock.now(), WHY_AGAIN)
    move(store, [move_draft(again, store.hide)])
    return 1


def _do(store: Store, request: dict[str, str]) -> int:
    with store.transaction():
        count = put_back(store, request["again"]) if "again" in request else erase(store, request)
    store.fold_erased()
    return count


def ask(folder: Path, request: dict[str, str], clock: Clock) -> Path | int:
    """Do what a person wants with the ledger of a folder: see `erase` and `put_back`.

    Gives the number of events when no gateway runs; else the path of the answer to a request which
    the running gateway reads within a second.

    Raises:
        ValueError: not a day.
        LedgerUnavailable, apsw.Error, OSError: the ledger cannot be written.
    """
    if "before" in request:
        start_of(request["before"])
    lock = FileLock(folder / LOCK_FILE)
    if not lock.acquire():
        return _request(folder, request)
    store = Store(folder, clock, Settings())
    try:
        believe(store)
        return _do(store, request)
    except DAMAGE as error:
        raise LedgerUnavailable("damaged", str(error)) from error
    finally:
        store.close()
        lock.release()


def _request(folder: Path, request: dict[str, str]) -> Path:
    requests = folder / FOLDER
    requests.mkdir(exist_ok=True, mode=0o700)
    path = requests / f"{uuid.uuid4()}.json"
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(request), encoding="ascii")
    draft.rename(path)
    return path.with_suffix(".done")

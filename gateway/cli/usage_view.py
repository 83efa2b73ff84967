"""How the usage ledger looks: for people as tables, for programs as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from gateway.cli.screen import columns, filled, number, printable, table, width
from gateway.cli.usage_texts import PROBLEMS, TEXTS
from gateway.core.texts import Language

if TYPE_CHECKING:
    from gateway.usage.ledger.read import EventLine, Receipt, View
    from gateway.usage.ledger.verify import Problem, Report

WINDOWS_MAX = 144
REQUESTS_MAX = 5_000
INTERVAL_S = 605
"""Source: the log service's rules as public senders show them; the sender's settings may be
stricter and are not in the ledger."""

NS = 10**9
FOR_NOBODY = ("accepted", "queue", "held")
"""What is said of events that are for no delivery."""


def event_as_json(each: EventLine) -> dict[str, Any]:
    """Give an event as programs read it; null is what was erased or never said."""
    return {
        "id": each.id,
        "logDt": each.log_dt,
        "useSe": each.use_se,
        "sysUser": each.user,
        "conectIp": each.address,
        "dataUsgqty": each.amount,
        "state": str(each.state),
        "intake": each.intake,
        "delivery": each.delivery,
        "code": each.code,
    }


def receipt_as_json(each: Receipt) -> dict[str, Any]:
    """Give a request and its answer as programs read it."""
    from gateway.usage.ledger.days import shown

    return {
        "row": each.seq,
        "id": each.id,
        "delivery": each.delivery,
        "started": shown(each.started),
        "state": str(each.state),
        "code": each.code,
        "text": each.text,
        "recptnDt": each.answered,
        "tookS": each.took_s,
        "why": each.why,
    }


def event_table(events: Iterable[EventLine], lang: Language) -> list[str]:
    """Give the lines of a table of events."""
    from gateway.usage.ledger.words import state_name

    rows = [
        [each.id, _short(each.log_dt), each.use_se or "-",
         state_name(each.state, lang) + (f" {each.code}" if each.kind == "unfit" else ""),
         each.user or "-"]
        for each in events
    ]  # fmt: skip
    return table(TEXTS[lang]["events"].split("|"), rows, columns())


def receipt_table(receipts: Iterable[Receipt], lang: Language) -> list[str]:
    """Give the lines of a table of requests."""
    from gateway.usage.ledger.days import shown
    from gateway.usage.ledger.words import state_name

    texts = TEXTS[lang]
    rows = [
        [each.id, _short(shown(each.started)), each.code or "-", state_name(each.state, lang),
         each.text if each.code else texts["no-answer"].format(text=each.text)]
        for each in receipts
    ]  # fmt: skip
    return table(texts["requests"].split("|"), rows, columns())


def _short(log_dt: str | None) -> str:
    """Give month to second: the year is the same in all lines, milliseconds are for machines."""
    return (log_dt or "-")[5:19] if log_dt and len(log_dt) >= 19 else (log_dt or "-")[:14]


def status_as_json(view: View, now: int) -> dict[str, Any]:
    """Give everything that `status` shows."""
    from gateway.usage.ledger.days import day_of

    today = day_of(now)
    return {
        "ledger": view.ledger,
        "rows": view.rows,
        "head": view.head,
        "running": view.running,
        "day": today,
        "deliveries": [_delivery(view, name, today, now) for name in view.deliveries()],
    }


def _delivery(view: View, name: str, today: str, now: int) -> dict[str, Any]:
    from gateway.usage.ledger.days import shown
    from gateway.usage.ledger.read import Filter

    yesterday = (date.fromisoformat(today) - timedelta(days=1)).isoformat()
    requests, stored, _ = view.day(name, today)
    last = view.last_stored(name)
    after = last[1] + INTERVAL_S * NS if last is not None else 0
    receipts = list(view.receipts(Filter(delivery=name), newest=1))
    waiting, oldest = view.queue(name)
    held = view.count(Filter(today, today, "quarantined", name))
    return {
        "delivery": name,
        "storedByService": stored,
        "presumed": view.presumed(name, today),
        "windows": WINDOWS_MAX,
        "requests": requests,
        "requestsMax": REQUESTS_MAX,
        "acceptedByGateway": view.count(Filter(today, today, delivery=name)),
        "quarantined": held,
        "lastStored": last[0] if last is not None else None,
        "lastReceipt": receipt_as_json(receipts[0]) if receipts else None,
        "nextWindow": shown(after) if after > now else None,
        "waiting": waiting,
        "oldest": oldest,
        "yesterday": {
            "day": yesterday,
            "storedByService": view.day(name, yesterday)[1],
            "requests": view.day(name, yesterday)[0],
            "acceptedByGateway": view.count(Filter(yesterday, yesterday, delivery=name)),
        },
    }


def status_screen(content: dict[str, Any], lang: Language) -> list[str]:
    """Give the lines of the screen."""
    texts = TEXTS[lang]
    state = texts["running" if content["running"] else "stopped"]
    lines = [" " + texts["head"].format(count=number(content["rows"]), state=state)]
    for each in content["deliveries"]:
        known = _facts(each, texts)
        if not each["delivery"]:
            known = [pair for pair in known if pair[0] in FOR_NOBODY]
        pairs = [(texts[key], value) for key, value in known if value]
        wide = max(width(name) for name, _ in pairs)
        lines += ["", f" {printable(each['delivery']) or texts['nobody']}   {content['day']}"]
        lines += [f"   {filled(name, wide)}   {printable(value)}" for name, value in pairs]
    return lines if content["deliveries"] else [*lines, " " + texts["empty"]]


def _facts(each: dict[str, Any], texts: Mapping[str, str]) -> list[tuple[str, str]]:
    stored = texts["stored-of"].format(stored=each["storedByService"], most=each["windows"])
    if each["presumed"]:
        stored += f"   ({texts['presumed'].format(count=each['presumed'])})"
    most, before = number(each["requestsMax"]), each["yesterday"]
    held = each["quarantined"]
    return [
        ("stored", stored),
        ("sent", texts["sent-of"].format(count=number(each["requests"]), most=most)),
        ("accepted", texts["accepted-of"].format(count=number(each["acceptedByGateway"]))),
        ("last", _last(each["lastReceipt"], texts)),
        ("next", _short(each["nextWindow"]) if each["nextWindow"] else texts["now"]),
        ("queue", _queue(each, texts)),
        ("held", texts["held-of"].format(count=number(held)) if held else ""),
        ("yesterday", texts["yesterday-of"].format(
            stored=before["storedByService"], count=number(before["acceptedByGateway"]))),
    ]  # fmt: skip


def _last(receipt: dict[str, Any] | None, texts: Mapping[str, str]) -> str:
    if receipt is None:
        return "-"
    text = receipt["text"]
    answer = (
        f"{receipt['code']} {text}" if receipt["code"] else texts["no-answer"].format(text=text)
    )
    return f"{_short(receipt['started'])}   {answer}"


def _queue(each: dict[str, Any], texts: Mapping[str, str]) -> str:
    if not each["waiting"]:
        return "-"
    parts = ", ".join(f"{code} {number(count)}" for code, count in each["waiting"].items())
    return f"{parts}   {texts['oldest'].format(time=_short(each['oldest']))}"


def report_as_json(report: Report, aside: Iterable[str]) -> dict[str, Any]:
    """Give the outcome of `verify`."""
    return {
        "ok": not report.count,
        "rows": report.rows,
        "ledger": report.ledger,
        "head": report.head,
        "erased": report.erased,
        "count": report.count,
        "problems": [
            {"place": each.place, "code": each.code, "row": each.seq, "detail": each.detail}
            for each in report.problems
        ],
        "setAside": list(aside),
    }


def report_screen(report: Report, aside: Iterable[str], lang: Language) -> list[str]:
    """Give the lines of the outcome of `verify`."""
    texts = TEXTS[lang]
    if report.count:
        facts = {"count": number(report.count), "rows": number(report.rows)}
        lines = [texts["broken"].format(**facts)]
        lines += [" " + _problem(each, lang) for each in report.problems]
    else:
        lines = [texts["whole"].format(count=number(report.rows), head=report.head[:16])]
    if report.erased:
        lines.append(texts["erased"].format(count=number(report.erased)))
    return [*lines, *(texts["aside"].format(file=name) for name in aside)]


def _problem(each: Problem, lang: Language) -> str:
    where = TEXTS[lang]["row"].format(seq=each.seq) + ": " if each.seq is not None else ""
    what = PROBLEMS[lang][f"{each.place} {each.code}"]
    return printable(f"{where}{what} ({each.detail})" if each.detail else f"{where}{what}")

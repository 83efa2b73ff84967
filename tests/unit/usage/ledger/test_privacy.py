"""The key is never kept; who it was can be erased, and the chain stays whole."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ledger.redact import hider
from gateway.usage.ledger.store import Settings
from gateway.usage.ledger.verify import verify
from gateway.usage.model import Attempt, Move, State
from tests.unit.usage.ledger import makers

ODD_KEY = "site-key-without-shape/="


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_key_is_nowhere_however_it_came_in(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path, keys=(ODD_KEY,))
    for key in (makers.KEY, ODD_KEY):
        came = replace(
            makers.raw(1, crtfcKey=key, CRTFCKEY=key, sysUser=f"x{key}"),
            extra={"query": f"?logData=%7B%22crtfcKey%22%3A%22{quote(key, safe='')}%22%7D",
                   "body": f'{{"crtfcKey": "{key}", "useSe": "DO6001"}}', "crtfckey": key},
        )  # fmt: skip
        (taken,) = await ledger.append([("mes", replace(makers.event(1), raw=came, user=key))])
        attempt = Attempt(
            makers.raw().received, {"crtfcKey": key}, "", f"cannot reach /?crtfcKey={key}&x=1",
            f"<crtfcKey>{key}</crtfcKey>",
        )  # fmt: skip
        await ledger.move(
            [Move(taken.id, State.DEFERRED, makers.raw().received, f"k {key}", attempt)]
        )
        found = await ledger.raw(taken.id)
        assert found is not None
        assert "DO6001" in found.extra["body"]
    await ledger.close()
    kept = everything(tmp_path)
    for key in (makers.KEY, ODD_KEY):
        for form in (key, key[4:], quote(key, safe="")):
            assert form.encode() not in kept
    assert verify(tmp_path).problems == []


@pytest.mark.parametrize(
    "text", ['{"why":"crtfcKey 없음"}', '{"a":"API 5 $5 a=b"}', '{"code":"AP1011"}']
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert hider(("k",))(text.encode()) == text.encode()


async def test_an_event_with_a_key_in_a_field_is_known_when_read_again(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    event = makers.event(1, source="a", sysUser=f"x{makers.KEY}")
    await ledger.append([("mes", event)])
    assert [each.known for each in await ledger.append([("mes", event)])] == [True]
    await ledger.close()
    assert verify(tmp_path).problems == []


async def test_a_key_of_no_shape_beside_its_name_is_hidden(tmp_path: Path) -> None:
    hide = hider()
    assert b"s3cret" not in hide(b'{"body":"{\\"crtfcKey\\":\\"s3cret\\",\\"useSe\\":\\"x\\"}"}')
    assert hide(b'"crtfcKey=s3cret&useSe=x"') == b'"crtfcKey=[key]&useSe=x"'


async def test_an_erased_user_is_gone_from_the_file_and_the_chain_is_whole(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    events = [("mes", makers.event(number, source=f"s{number}")) for number in range(80)]
    taken = await ledger.append(events)
    target = taken[39]
    await ledger.move([makers.moved(target.id, State.DELIVERED, "AP1002", 39)])
    assert await ledger.person("u-0039") == "kim.39"
    assert await ledger.erase(person="u-0039") == 2
    assert await ledger.person("u-0039") is None
    assert await ledger.raw(target.id) is None
    assert len(await ledger.waiting("mes", State.QUEUED)) == 78
    assert (await ledger.today("mes", makers.DAY)).stored == 1
    kept = everything(tmp_path)
    assert b"kim.39" not in kept
    assert b"u-0039" not in kept
    assert b"kim.38" in kept
    await ledger.close()
    report = verify(tmp_path)
    assert report.problems == []
    assert report.erased == 3


async def test_erasing_by_the_solutions_own_name_erases_the_same(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    await ledger.append([("mes", makers.event(number)) for number in range(3)])
    assert await ledger.erase(person="kim.1") == 1
    assert await ledger.erase(person="kim.1") == 0
    await ledger.close()


async def test_an_event_erased_before_it_was_sent_is_not_sent(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    (taken,) = await ledger.append([("mes", makers.event(1, source="a"))])
    await ledger.erase(person="u-0001")
    assert await ledger.waiting("mes", State.QUEUED, State.SENDING) == []
    rows = await ledger.rows_after(2, 9)
    assert [(row.kind, row.body.get("why")) for row in rows] == [
        ("move", "erased"), ("erase", "person"),
    ]  # fmt: skip
    assert rows[0].body["event"] == taken.id
    await ledger.close()


async def test_erasing_before_a_day_takes_what_came_in_before_it(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    days = ("2026-11-24", "2026-11-25", "2026-11-26")
    await ledger.append([("mes", makers.event(n, day=day)) for n, day in enumerate(days)])
    await ledger.append([("mes", makers.unfit(4))])
    assert await ledger.erase(before="2026-11-26") == 2
    assert await ledger.person("u-0001") is None
    assert await ledger.person("u-0002") == "kim.2"
    with pytest.raises(ValueError):
        await ledger.erase(before="gestern")
    with pytest.raises(ValueError):
        await ledger.erase()
    await ledger.close()
    assert verify(tmp_path).problems == []


async def test_what_is_older_than_kept_is_erased_by_itself(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    await ledger.append([("mes", makers.event(1, day="2026-10-01"))])
    await ledger.append([("mes", makers.event(2, day="2026-11-20"))])
    await ledger.close()
    settings = Settings(keep_days=30)
    ledger = await SqliteLedger.open(tmp_path, clock=makers.StillClock(), settings=settings)
    while await ledger.person("u-0001") is not None:
        await asyncio.sleep(0.02)
    assert await ledger.person("u-0002") == "kim.2"
    await ledger.close()
    assert b"kim.1" not in everything(tmp_path)

"""A log service with a clock that tests move, and ways to ask it."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree as ET

import aiohttp

from simulators.usage_log import SAMPLE_KEY, RuleConfig, UsageLogService
from simulators.virtual_clock import read_stamp, stamp

E1, E2, E3 = (f"/apisvc/{name}" for name in (
    "sendLogData.json", "sendLogDataJSON.do", "sendLogDataXML.do",
))  # fmt: skip
MORNING = "2026-03-02 09:00:00.000"
ENDED_KEY = SAMPLE_KEY[:-4] + "END."
OTHER_KEY = SAMPLE_KEY[:-4] + "OTHE"


class Hand:
    """Time that moves by hand; ns UTC."""

    def __init__(self, at: str = MORNING) -> None:
        self.at = read_stamp(at)

    def __call__(self) -> int:
        return self.at

    def pass_s(self, span_s: float) -> None:
        self.at += round(span_s * 1e9)


def service(hand: Hand, **rules: Any) -> UsageLogService:
    keys = {SAMPLE_KEY: "active", OTHER_KEY: "active", ENDED_KEY: "ended"}
    return UsageLogService(keys, now=hand, rules=RuleConfig(**rules))  # type: ignore[arg-type]


def record(hand: Hand, **other: str | None) -> dict[str, str]:
    """Give a right record of now, with other fields, or without those that are None."""
    fields = {
        "crtfcKey": SAMPLE_KEY,
        "logDt": stamp(hand.at),
        "useSe": "DO6001",
        "sysUser": "김철수",
        "conectIp": "192.168.0.7",
        "dataUsgqty": "1024",
        **other,
    }
    return {name: value for name, value in fields.items() if value is not None}


def xml(fields: dict[str, str]) -> str:
    root = ET.Element("logData")
    for name, value in fields.items():
        ET.SubElement(root, name).text = value
    return ET.tostring(root, encoding="unicode")


async def ask(
    url: str, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, bytes]:
    data = body.encode() if isinstance(body, str) else body
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, data=data, headers=headers) as answer,
    ):
        return answer.status, await answer.read()


async def send(url: str, fields: dict[str, str]) -> dict[str, str]:
    """Send as the newest description says; gives the inside of `result`."""
    body = urlencode({"logData": json.dumps(fields, ensure_ascii=False)})
    kind = "application/x-www-form-urlencoded"
    status, text = await ask(url, "POST", E2, body, **{"Content-Type": kind})
    assert status == 200
    result: dict[str, str] = json.loads(text)["result"]
    return result


async def order(url: str, name: str, **wish: Any) -> Any:
    status, text = await ask(url, "POST", f"/__sim__/{name}", json.dumps(wish))
    assert status == 200, text
    return json.loads(text)


async def told(url: str, name: str) -> Any:
    _, text = await ask(url, "GET", f"/__sim__/{name}")
    return json.loads(text)


async def raw(url: str, data: bytes) -> bytes:
    """Send bytes over a socket and give all that comes until the end of the connection."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(data)
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


def json_query(fields: dict[str, str]) -> str:
    return quote(json.dumps(fields, ensure_ascii=False))

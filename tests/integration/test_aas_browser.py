"""The page of the AAS tree in a real browser, which keeps the page's own policy."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.api_parts import served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OFFLINE = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--virtual-time-budget=5000",
)  # fmt: skip

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]


async def test_values_change_in_the_open_page_and_it_says_that_it_is_live(tmp_path: Path) -> None:
    async with served(tmp_path) as running:
        await running.store(180.0)
        stored = [180.0]

        async def change() -> None:
            while True:
                stored[0] += 0.5
                await running.store(stored[0])
                await asyncio.sleep(0.05)

        async with asyncio.TaskGroup() as group:
            changing = group.create_task(change())
            html = await dom(f"{running.server.url}/aas?lang=ko", tmp_path / "profile")
            changing.cancel()
    assert '<p id="state" role="status" class="on">실시간 갱신 중' in html
    place = re.search(r'data-path="Mold.TemperatureLower"[^>]*>([0-9.]+)<', html)
    assert place is not None
    assert 180.0 < float(place[1]) <= stored[0]


async def dom(url: str, profile: Path) -> str:
    """Give the page as it is after its script ran for some seconds."""
    assert CHROMIUM is not None
    browser = await asyncio.create_subprocess_exec(
        CHROMIUM, *OFFLINE, f"--user-data-dir={profile}", "--dump-dom", url,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            out, _ = await browser.communicate()
    finally:
        if browser.returncode is None:
            browser.kill()
            await browser.wait()
    return out.decode()

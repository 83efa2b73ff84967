"""Gateways of one process count and log apart."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.ops.events.emit import Level, emit
from gateway.ops.metrics import counter, exposition, name_gateway
from gateway.ops.scope import adopter, own_scope

STEPS = counter("gateway_test_steps_total", "Steps of this test", ["device"])


def shown(name: str) -> list[str]:
    return [line for line in exposition().decode().splitlines() if line.startswith(name)]


async def stepped(gateway: str, device: str) -> list[str]:
    with own_scope():
        name_gateway(gateway, "1.0")
        await asyncio.sleep(0)
        STEPS.labels(device).inc()
        await asyncio.sleep(0)
        return shown("gateway_test_steps_total") + shown("gateway_info")


async def test_the_metrics_of_two_gateways_do_not_mix_and_say_whose_they_are() -> None:
    one, other = await asyncio.gather(stepped("one", "a"), stepped("other", "b"))
    assert one == [
        'gateway_test_steps_total{device="a"} 1.0',
        'gateway_info{gateway="one",version="1.0"} 1.0',
    ]
    assert other == [
        'gateway_test_steps_total{device="b"} 1.0',
        'gateway_info{gateway="other",version="1.0"} 1.0',
    ]


def test_what_nobody_has_counted_yet_is_shown() -> None:
    with own_scope():
        assert "# TYPE gateway_test_steps_total counter" in exposition().decode()


def test_a_thread_counts_where_its_maker_does() -> None:
    with own_scope():
        with ThreadPoolExecutor(1, "counts", adopter()) as threads:
            threads.submit(lambda: STEPS.labels("thread").inc()).result()
        assert shown("gateway_test_steps_total") == [
            'gateway_test_steps_total{device="thread"} 1.0'
        ]


def test_a_line_that_one_gateway_holds_back_is_written_by_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="gateway")
    for _ in range(2):
        with own_scope():
            for _ in range(3):
                emit(Level.INFO, "source_lost", repeat_key="press-01", device="press-01")
    assert [record.message for record in caplog.records] == ["source_lost"] * 2

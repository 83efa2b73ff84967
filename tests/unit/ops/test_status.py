"""What one version of the service says of itself can be read by another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.core.clock import SystemClock
from gateway.core.status import GatewayStatus, ProblemStatus, record_of
from gateway.core.types import Offset, UnixNs
from gateway.ops.health import Alarm, DeviceHealth, Health, SinkHealth, SinkState
from gateway.ops.status import StatusBoard


def board(devices: int = 3) -> StatusBoard:
    health = Health(UnixNs(0))
    for number in range(devices):
        device = DeviceHealth(f"press-{number}", 10)
        device.connected(UnixNs(5))
        device.signal_bad("Temp", "no-value-yet", UnixNs(6), "topic/a")
        device.trouble("time-ahead", UnixNs(7), "Temp: 2105")
        health.devices[device.device] = device
    sink = SinkHealth("central", "http")
    sink.change(SinkState.HOLD, UnixNs(8), "http-401: unknown token", "http-401")
    health.sinks["central"] = sink
    health.alarms["U5001", "log"] = Alarm(
        "U5001", "log", UnixNs(9), {"ko": ("무엇", "할 일"), "en": ("what", "fix")}, {"count": 2}
    )
    return StatusBoard(
        "edge", "1.0", "epoch", health, SystemClock(), lambda: Offset(7), list, site={"ko": "공장"}
    )


def sent(status: GatewayStatus) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(orjson.dumps(status))
    return content


def test_it_comes_back_as_it_was_sent() -> None:
    status = board().status()
    assert record_of(GatewayStatus, sent(status)) == status
    assert len(status.devices) == 3
    assert status.devices[0].problems[0].reason == "time-ahead"
    assert status.sinks[0].problems[0].detail == "unknown token"
    assert status.alarms[0].what["ko"] == "무엇"


def test_what_a_newer_service_says_beside_is_left_out() -> None:
    status = board().status()
    content = sent(status)
    content["moon"] = "full"
    content["devices"][0]["colour"] = {"r": 1}
    assert record_of(GatewayStatus, content) == status


def test_what_an_older_service_does_not_say_is_as_if_nothing_were_known() -> None:
    status = board().status()
    content = sent(status)
    del content["alarms"]
    del content["devices"][0]["clock_offset_s"]
    assert record_of(GatewayStatus, content) == replace(status, alarms=())


def test_what_is_no_status_is_refused() -> None:
    with pytest.raises(ValueError, match="GatewayStatus without gateway"):
        record_of(GatewayStatus, {"devices": []})
    with pytest.raises(ValueError, match="ProblemStatus without reason"):
        record_of(ProblemStatus, {})

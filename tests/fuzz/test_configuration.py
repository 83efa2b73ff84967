"""Whatever stands in the files, the answer is a plan or findings that can be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.app.kinds import KINDS
from gateway.config.effective import effective_plan
from gateway.config.findings import ConfigError
from gateway.config.plan import load_plan
from gateway.config.render import all_as_text, as_json
from gateway.core.texts import LANGUAGES

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 70_000), st.floats(), st.text(max_size=6),
    st.sampled_from([
        "1s", "10MB", "opc.tcp://a:1", "mqtt://a", "mqtts://a:1", "modbus://a", "http://a", "$.a",
        "ns=2;s=A", "/Objects/A", "a/+/b", "degC", "value / 2", "value +", "1%", "Sign", "None",
        "double", "bool", "string", "influxdb", "embedded", "http", "kafka", "0.0.0.0:1", "press-1",
        "OperationalData.A1", "OperationalData.A1.B1", "Nameplate.X1", "온도", "../x", "*.yaml",
    ]),
)  # fmt: skip
tag_keys = [
    "name",
    "node",
    "label",
    "unit",
    "scale",
    "offset",
    "expr",
    "bit",
    "values",
    "type",
    "range",
    "deadband",
    "aas",
    "semantic",
    "sampling",
    "queue",
    "topic",
    "json",
    "text",
    "wrong",
]
device_keys = [
    "version",
    "device",
    "label",
    "connect",
    "security",
    "login",
    "every",
    "sampling",
    "asset",
    "aasx",
    "topic",
    "time",
    "tls",
    "client_id",
    "protocol",
    "qos",
    "receive_maximum",
    "keepalive",
    "stall_tolerance",
    "wrong",
]
gateway_keys = [
    "version",
    "gateway",
    "devices",
    "spool",
    "history",
    "platform",
    "usage",
    "api",
    "wrong",
]
inner_keys = [
    "id",
    "site",
    "ko",
    "en",
    "user",
    "password",
    "mode",
    "policy",
    "unsafe",
    "json",
    "unit",
    "ca",
    "certificate",
    "key",
    "kind",
    "url",
    "version",
    "org",
    "bucket",
    "token",
    "keep",
    "quota",
    "path",
    "listen",
    "users",
    "reply",
    "receiver",
    "deliver",
    "name",
    "send",
    "layout",
    "business_number",
    "id_base",
    "maker",
    "year",
]


def some(keys: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), values, max_size=7)


inner = st.one_of(scalars, st.lists(scalars, max_size=3), some(inner_keys, scalars))
deep = st.one_of(
    inner,
    some(inner_keys, inner),
    st.lists(some(inner_keys, inner), max_size=2),
    st.dictionaries(st.integers(-1, 3) | st.text(max_size=3), scalars, max_size=3),
)
tags = st.lists(st.one_of(some(tag_keys, deep), scalars), max_size=4)
good_tag = {"name": "온도", "node": "ns=2;s=A", "json": "$.a"}
devices = st.builds(
    lambda device, connect, listed, more: {
        "connect": connect, **device, "tags": [*listed, {**good_tag, **more}],
    },
    some(device_keys, deep),
    st.sampled_from(["opc.tcp://a:1", "mqtt://a", "mqtts://a:1", "xgt://a"]),
    tags,
    some(tag_keys, scalars),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    gateway=some(gateway_keys, deep),
    device=st.one_of(devices, devices, deep),
    keep_going=st.booleans(),
)
def test_any_configuration_gives_a_plan_or_findings(
    tmp_path_factory: pytest.TempPathFactory,
    gateway: dict[str, Any],
    device: Any,
    keep_going: bool,
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-configuration"
    (folder / "devices").mkdir(parents=True, exist_ok=True)
    content = {"gateway": {"id": "edge-07"}, **gateway}
    write(folder / "gateway.yaml", content)
    write(folder / "devices" / "press-01.yaml", device)
    try:
        plan = load_plan(folder, folder / "data", {}, KINDS, keep_going=keep_going)
        findings = plan.findings
        effective_plan(plan)
        assert plan == load_plan(folder, folder / "data", {}, KINDS, keep_going=keep_going)
    except ConfigError as error:
        findings = error.findings
        assert findings
    for language in LANGUAGES:
        all_as_text(findings, language)
        for finding in findings:
            as_json(finding, language)


def write(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")

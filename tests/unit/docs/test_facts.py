"""What the pages say in figures and names: limits, metrics, events, codes, routes, paths."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from adapters.mqtt import adapter as mqtt_adapter
from adapters.mqtt import connection, decode, memory, notes
from adapters.opcua import adapter as opcua_adapter
from adapters.opcua import certificates, deliveries, history, items, link, transport, variants
from gateway import config as config_package
from gateway.api import answers, guard, server, users
from gateway.api import usage as usage_route
from gateway.app import destinations, run
from gateway.app.kinds import KINDS
from gateway.cli import options
from gateway.config import load, reload
from gateway.config.devices import NAME_MAX
from gateway.exchange.aasx import history_file
from gateway.flow.forward_pace import ForwardLimits
from gateway.history import influx_write
from gateway.mapping import expression
from gateway.ops.account_metrics import AccountMetrics
from gateway.sinks import body
from gateway.sinks.http import answer
from gateway.spool import giving_up
from gateway.usage.config import DeliveryConfig
from tests.unit.docs.pages import (
    ROOT,
    all_pages,
    blocks,
    every_page,
    named,
    plain,
    readmes,
)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MIB, MB = 1024 * 1024, 1_000_000
LIMITS = ForwardLimits()
MQTT, OPCUA = "adapters/mqtt/README.md", "adapters/opcua/README.md"


def interval_s() -> float:
    """Give the default pace of the sender."""
    default: Any = next(
        each.default for each in fields(DeliveryConfig) if each.name == "interval_s"
    )
    return float(default)


FIGURES: list[tuple[str, str, float]] = [
    (MQTT, "Reads rest {} ms after each", connection.GATHER_S * 1000),
    (MQTT, "({} ms with 3.1.1)", connection.GATHER_V311_S * 1000),
    (MQTT, "{} MB of waiting messages", connection.UNSETTLED_BYTES_MAX / MB),
    (MQTT, "absent {} messages in a row", notes.ABSENT_MAX),
    (MQTT, "first {} bytes", decode.HEAD_BYTES),
    (MQTT, "closes within {} s each", memory.SHORT_LIFE_S),
    (MQTT, "Receive Maximum (default {})", 500),
    (OPCUA, "until {} notifications wait", deliveries.PENDING_MAX),
    (OPCUA, "at most {} in a call", link.OPERATION_LIMIT),
    (OPCUA, "({} s doubling", items.RETRY_FIRST_S),
    (OPCUA, "doubling to {} s)", items.RETRY_MAX_S),
    (OPCUA, "no byte for {} s after being asked", opcua_adapter.PROBE_S),
    (OPCUA, "pages of {} values", history.VALUES_MAX),
    (OPCUA, "at most {} MiB and", transport.MESSAGE_BYTES_MAX / MIB),
    (OPCUA, "and {} chunks", transport.CHUNKS_MAX),
    (OPCUA, "arrays of at most {} elements", variants.ARRAY_MAX),
    ("docs/operations.md", "{} MiB a body", guard.BODY_MAX / MIB),
    ("docs/operations.md", "{} s for a request's head", server.HEADER_DEADLINE_S),
    ("docs/operations.md", "{} KiB of headers", server.HEADER_BYTES_MAX / 1024),
    ("docs/operations.md", "{} connections", server.CONNECTIONS_MAX),
    ("docs/operations.md", "{} entries a page", answers.PAGE_MAX),
    ("docs/operations.md", "a list of up to {}", usage_route.EVENTS_MAX),
    ("docs/operations.md", "({} characters or more)", users.PASSWORD_LENGTH_MIN),
    ("docs/operations.md", "After {} wrong passwords", users.TRIES),
    ("docs/operations.md", "wrong passwords in {} minutes", users.WINDOW_S / 60),
    ("docs/operations.md", "tries again every {} seconds", server.BIND_AGAIN_S),
    ("docs/platform.md", "at most {} MiB before compression", body.BODY_MAX / MIB),
    ("docs/platform.md", "tried every {} seconds", LIMITS.hold_s),
    ("docs/platform.md", "growing pauses up to {} s", LIMITS.cap_s),
    ("docs/platform.md", "honoured up to {} minutes", LIMITS.retry_after_max_s / 60),
    ("docs/platform.md", "samples a second ({})", LIMITS.backlog_rate),
    ("docs/install.md", "({} s of grace)", destinations.GRACE_S),
    ("docs/machines.md", "valid for {} years", certificates.LIFE.days / 365),
    ("docs/configuration.md", "files every {} seconds", reload.POLL_S),
    ("docs/configuration.md", "relative to gateway.yaml; at most {} files", load.DEVICES_MAX),
    ("docs/configuration.md", "at most {} characters. ", expression.LENGTH_MAX),
    ("docs/configuration.md", "at most {} characters |", NAME_MAX),
    ("docs/history.md", "in at most {} requests", influx_write.REQUESTS_MAX),
    ("docs/aas.md", "newest {} records a device", history_file.ROWS_MAX),
    ("docs/aas.md", "`limit` ({},", answers.PAGE_DEFAULT),
    ("docs/usage.md", "Every {} s after the last", interval_s()),
    ("DECISIONS.md", "Bursts within {} ms share a commit", run.COMMIT_WINDOW_S * 1000),
    ("DECISIONS.md", "MQTT reads rest {} ms", connection.GATHER_S * 1000),
    ("DECISIONS.md", "up to {} ms of messages gather", connection.GATHER_S * 1000),
    (
        "DECISIONS.md",
        "leaves up to {} ms after its message",
        (run.COMMIT_WINDOW_S + connection.GATHER_S) * 1000,
    ),
]
WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10,
}  # fmt: skip


@pytest.mark.parametrize(("page", "sentence", "real"), FIGURES, ids=[row[1] for row in FIGURES])
def test_a_figure_on_a_page_is_the_one_in_the_code(page: str, sentence: str, real: float) -> None:
    before, _, after = sentence.partition("{}")
    pattern = re.escape(before) + r"([\d,.]+\d|\d|[a-z]+)" + re.escape(after.rstrip())
    found = re.findall(pattern, plain(ROOT / page))
    assert found, f"{page} no longer says: {sentence}"
    said = {WORDS.get(each, each) for each in found}
    assert {float(str(each).replace(",", "")) for each in said} == {real}


def test_the_same_limits_hold_where_two_places_keep_them() -> None:
    assert LIMITS.retry_after_max_s == answer.RETRY_AFTER_MAX_S
    assert mqtt_adapter.ASK_AGAIN_S == 60.0  # "tried again every minute"
    assert giving_up.QUARANTINE_SHARE == 8  # "an eighth of the quota"


def test_the_version_of_python_is_one_everywhere() -> None:
    low = re.fullmatch(r">=(\d+\.\d+)", PROJECT["project"]["requires-python"])
    assert low is not None
    for page in ("README.md", "docs/install.md", ".ci/install-python"):
        assert f"Python {low[1]} or newer" in plain(ROOT / page), page
    assert f"Python {low[1]} 이상" in plain(ROOT / "README.ko.md")
    assert PROJECT["tool"]["mypy"]["python_version"] == low[1]
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + low[1].replace(".", "")


def test_make_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in every_page():
        text = "\n".join([*named(page), *(block.text for block in blocks(page))])
        assert set(re.findall(r"^(?:.*&& )?make ([a-z-]+)", text, re.MULTILINE)) <= targets, page


# --- names -------------------------------------------------------------------------------------


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for room in ("gateway", "adapters", "aas_models"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text("utf-8")
            if f"{name}(" in text:
                for node in ast.walk(ast.parse(text)):
                    called = getattr(node, "func", None)
                    if isinstance(node, ast.Call) and name == getattr(
                        called, "id", getattr(called, "attr", "")
                    ):
                        yield path, node


def first_text(node: ast.Call) -> str:
    texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
    return next((str(text) for text in texts if isinstance(text, str)), "")


@cache
def metrics() -> frozenset[str]:
    made = {
        first_text(node) for kind in ("counter", "gauge", "histogram") for _, node in calls(kind)
    }
    counted = AccountMetrics(list, dict).describe()
    made |= {f"{each.name}{'_total' * (each.type == 'counter')}" for each in counted}
    return frozenset(made)


@cache
def events() -> frozenset[str]:
    return frozenset(
        name
        for path in (ROOT / "gateway/ops/events").glob("*.py")
        for name in re.findall(r'"([a-z]+(?:_[a-z]+)+)"', path.read_text("utf-8"))
    )


@cache
def codes() -> frozenset[str]:
    folder = Path(config_package.__path__[0]) / "messages"
    return frozenset(tomllib.loads((folder / "en.toml").read_text("utf-8")))


USER_PAGES = [*all_pages(), *readmes()]
NO_EVENTS = {
    "platform_token", "press01", "max_queued_messages", "max_inflight_messages",
    "autosave_interval", "autosave_on_changes", "received_time", "session_timeout",
}  # fmt: skip
"""Words of that form that are names of secrets, of a broker's settings, of metadata."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", USER_PAGES, ids=name_of)
def test_every_metric_that_is_named_exists(page: Path) -> None:
    said = {each for each in named(page) if re.fullmatch(r"gateway_[a-z_]+", each)}
    assert said <= metrics()


def test_metrics_and_codes_are_found_at_all() -> None:
    said = {each for page in USER_PAGES for each in named(page)}
    assert len([each for each in said if each in metrics()]) >= 8
    assert len(codes()) > 80
    assert len(events()) > 60


@pytest.mark.parametrize("page", USER_PAGES, ids=name_of)
def test_every_code_that_is_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    assert set(re.findall(r"\b[EW]1\d{3}\b", text)) <= codes()


def test_every_event_that_is_named_exists() -> None:
    for page, word in (
        ("docs/aas.md", "element_left_out"),
        ("docs/operations.md", "api_refused"),
        ("docs/usage.md", "usage_habit_seen"),
    ):
        assert f"`{word}`" in (ROOT / page).read_text("utf-8"), "said somewhere else now?"
        assert word in events()
    log = re.compile(r"(?:\blog\b|로그)[^.]{0,60}`([a-z]+(?:_[a-z]+)+)`")
    for page_path in USER_PAGES:
        said = set(log.findall(plain(page_path))) - NO_EVENTS
        assert said <= events(), page_path


# --- routes ------------------------------------------------------------------------------------


@cache
def routes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    found: list[tuple[str, re.Pattern[str]]] = []
    for path in (ROOT / "gateway/api").rglob("*.py"):
        for text in re.findall(r'"(/[\w{}$./-]*)"', path.read_text("utf-8")):
            found.append((text, Route(text, lambda _: None).path_regex))
    return tuple(found)


def test_every_route_of_the_operations_page_exists() -> None:
    for page in ("docs/operations.md", "docs/operations.ko.md"):
        said = re.findall(r"`(?:GET|POST) (/[\w/]+)[^`]*`", (ROOT / page).read_text("utf-8"))
        assert len(said) >= 8
        for path in said:
            assert any(regex.match(path) for _, regex in routes()), path


# --- paths -------------------------------------------------------------------------------------

ROOTS = (
    "gateway", "adapters", "aas_models", "tests", "simulators", "docs", "config", ".ci",
)  # fmt: skip
PLACEHOLDER = re.compile(r"[<*{]|\.\.\.|PROTOCOL|DEVICE")
OF_A_SITE = re.compile(r"config/(users\.yaml|devices)|config/cases")


@pytest.mark.parametrize("page", every_page(), ids=name_of)
def test_every_file_of_the_repository_that_is_named_exists(page: Path) -> None:
    missing = []
    for each in named(page):
        if re.fullmatch(rf"(?:{'|'.join(map(re.escape, ROOTS))})/[\w./-]+", each):
            found = (ROOT / each).exists() or (ROOT / f"{each}.py").exists()
            if not found and not PLACEHOLDER.search(each) and not OF_A_SITE.match(each):
                missing.append(each)
    assert missing == []


@pytest.mark.parametrize("page", every_page(), ids=name_of)
def test_every_module_that_is_run_exists(page: Path) -> None:
    text = "\n".join([*named(page), *(block.text for block in blocks(page))])
    for module in re.findall(r"python -m ((?:tests|simulators|gateway)[\w.]*)", text):
        assert (ROOT / (module.replace(".", "/") + ".py")).exists(), module


def test_the_architecture_names_every_room_and_no_other() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    table = text.partition("## Rooms")[2].partition("\n## ")[0]
    said = set(re.findall(r"^\| `([\w/<>]+)`", table, re.MULTILINE))
    rooms = {f"gateway/{each.name}" for each in (ROOT / "gateway").iterdir() if has_code(each)}
    assert said == rooms | {"adapters/<protocol>", "aas_models", "simulators"}


def has_code(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*.py"))


def test_every_page_of_the_docs_is_in_the_readme() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        readme = "README.ko.md" if page.name.endswith(".ko.md") else "README.md"
        assert f"docs/{page.name}" in (ROOT / readme).read_text("utf-8"), page.name


# --- what this version does not have -----------------------------------------------------------


def _protocols_are_refused() -> bool:
    return {"xgt", "melsec"} <= set(KINDS.later)


NOT_THERE: list[tuple[str, Any]] = [
    ("protocols that this version does not have", _protocols_are_refused),
    ("이 버전에 없는 프로토콜", _protocols_are_refused),
]
"""Sentences about this version, each with what makes it true."""


@pytest.mark.parametrize("page", USER_PAGES, ids=name_of)
def test_what_is_said_to_be_missing_in_this_version_is_missing(page: Path) -> None:
    text = plain(page)
    said = len(re.findall(r"[Tt]his version|이 버전", text))
    known = [check for sentence, check in NOT_THERE if sentence in text]
    assert said == len(known), "a sentence about this version that nothing checks"
    assert all(check() for check in known)


def test_platforms_that_the_changelog_says_are_refused_are() -> None:
    text = plain(ROOT / "CHANGELOG.md")
    assert "MQTT, Kafka and the MOS interfaces, XGT and MELSEC are refused" in text
    assert {"mqtt", "kafka", "mos-rest", "mos-mqtt"} <= set(KINDS.later)
    assert _protocols_are_refused()


def test_exit_codes_on_the_pages_are_those_of_the_commands() -> None:
    operations = plain(ROOT / "docs/operations.md")
    assert (
        f"Exit codes: 0 fine, {options.EXIT_UNHEALTHY} needs attention or refused, "
        f"{options.EXIT_CONFIG} wrong input, {options.EXIT_UNREACHABLE} no service, "
        f"{options.EXIT_NOT_ALLOWED} not allowed"
    ) in operations

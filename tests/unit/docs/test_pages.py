"""The pages for people say what is true: commands, links, examples, both languages alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gateway.app.kinds import KINDS
from gateway.cli.main import app
from gateway.config.findings import ConfigError
from gateway.config.plan import load_plan
from tests.unit.docs.pages import (
    ROOT,
    all_pages,
    blocks,
    commands,
    english,
    every_page,
    headings,
    korean,
    links,
    sections,
)

SECRETS = ("PLATFORM_TOKEN", "PRESS01", "CELL01", "INFLUX_TOKEN", "SMART_FACTORY_KEY")
ENVIRON = {f"GATEWAY_SECRET_{name}": "for-this-test" for name in SECRETS}
DEVICE = "connect: opc.tcp://127.0.0.1\ntags: [{ A: ns=2;s=A }]\n"
GATEWAY = "gateway: { id: edge-01 }\n"
USERS = "users: []\n"
SIMULATORS = ("opcua", "mqtt", "broker", "modbus", "platform", "faults", "usage-log", "kpi")
WRITTEN_BY_PROGRAMS = {"docs/benchmarks.md"}
OTHER_SHAPE: frozenset[str] = frozenset()
"""Pages whose Korean twin is arranged in another way. May only get shorter."""
EXAMPLES_MIN = 12
COMMANDS_MIN = 60


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def whole_files() -> list[Any]:
    """Give every example that is a whole file; others are cut-outs."""
    return [
        pytest.param(block.text, id=f"{name_of(page)}-{place}")
        for page in all_pages()
        for place, block in enumerate(blocks(page))
        if block.language == "yaml" and re.search(r"^(connect|gateway):", block.text, re.MULTILINE)
    ]


@pytest.mark.parametrize("text", whole_files())
def test_an_example_file_is_right(text: str, tmp_path: Path) -> None:
    is_device = re.search(r"^connect:", text, re.MULTILINE)
    (tmp_path / "devices").mkdir()
    (tmp_path / "users.yaml").write_text(USERS)
    (tmp_path / "gateway.yaml").write_text(GATEWAY if is_device else text, "utf-8")
    (tmp_path / "devices" / "a.yaml").write_text(text if is_device else DEVICE, "utf-8")
    try:
        plan = load_plan(tmp_path, tmp_path / "data", ENVIRON, KINDS)
    except ConfigError as error:
        pytest.fail(str(error))
    assert plan.devices


def test_there_are_examples() -> None:
    assert len(whole_files()) >= EXAMPLES_MIN


def wrong(words: list[str]) -> str | None:
    """Say what of a command the program does not have."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "resolve_command"):
        context = command.make_context("gateway", [], resilient_parsing=True)
        known = command.list_commands(context)
        word = bare(words[0]) if words else "--help"
        if word.startswith("-"):
            return None
        if missing := [each for each in word.split("|") if each not in known]:
            return missing[0]
        if word in SIMULATORS and command.name == "sim":
            return None  # it reads its own options
        _, command, words = command.resolve_command(context, [word.split("|")[0], *words[1:]])
    options = {option for param in command.params for option in param.opts} | {"--help"}
    given = [bare(word).split("=")[0] for word in words if word.startswith(("--", "[--"))]
    return next((option for option in given if option not in options), None)


def bare(word: str) -> str:
    return word.strip("[]'\".,;:")


@pytest.mark.parametrize("page", every_page(), ids=name_of)
def test_every_command_exists(page: Path) -> None:
    assert {" ".join(words): bad for words in commands(page) if (bad := wrong(words))} == {}


def test_commands_are_found_and_a_wrong_one_is_told() -> None:
    assert sum(len(list(commands(page))) for page in all_pages()) >= COMMANDS_MIN
    assert wrong(["trust", "ls", "--data", "x"]) is None
    assert wrong(["trust", "accep"]) == "accep"
    assert wrong(["spool", "export", "x", "--form", "1"]) == "--form"


@pytest.mark.parametrize("page", every_page(), ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    missing = [link for link in links(page) if not (page.parent / link).exists()]
    assert set(missing) <= WRITTEN_BY_PROGRAMS


@pytest.mark.parametrize("page", english(), ids=name_of)
def test_both_languages_have_the_same_shape(page: Path) -> None:
    if name_of(page) in WRITTEN_BY_PROGRAMS | OTHER_SHAPE:
        return
    twin = korean(page)
    assert twin.exists()
    assert headings(twin) == headings(page)
    languages = [block.language for block in blocks(page)]
    assert [block.language for block in blocks(twin)] == languages
    assert tables(twin) == tables(page)


@pytest.mark.parametrize("page", english(), ids=name_of)
def test_both_languages_have_the_same_numbers(page: Path) -> None:
    if name_of(page) in WRITTEN_BY_PROGRAMS:
        return
    pairs = zip(sections(page), sections(korean(page)), strict=True)
    assert {place: (a, b) for place, (x, y) in enumerate(pairs) for a, b in differing(x, y)} == {}


def differing(english_text: str, korean_text: str) -> list[tuple[set[str], set[str]]]:
    """Give the numbers of two digits and more that only one of them has."""
    a, b = numbers(english_text), numbers(korean_text)
    return [(a - b, b - a)] if a != b else []


def numbers(text: str) -> set[str]:
    prose = re.sub(r"\]\([^)]*\)|`[^`]*`", "", text)
    prose = re.sub(r"\b[Tt]en\b", "10", prose)
    found = re.findall(r"(?<![A-Za-z0-9.,])\d[\d,.]*\d(?![A-Za-z0-9])", prose)
    return {number.replace(",", "") for number in found}


def tables(page: Path) -> list[int]:
    """Give the number of rows of each table, and of none where prose lies between."""
    rows, found = 0, []
    for line in [*page.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("|"):
            rows += 1
        elif rows:
            found.append(rows)
            rows = 0
    return found

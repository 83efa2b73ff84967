"""Advice by reason: the nearest words win, and commands can be copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.ops.advice import Advice, Book

ENTRY = '["{reason}"]\nen = "{text}"\nko = "문제"\nfix-en = "do"\nfix-ko = "하십시오"\n'


def book(folder: Path, *files: dict[str, str]) -> Book:
    paths = []
    for place, entries in enumerate(files):
        path = folder / f"{place}.toml"
        path.write_text("".join(ENTRY.format(reason=r, text=t) for r, t in entries.items()))
        paths.append(path)
    return Book(paths)


def said(found: Book, reason: str) -> str | None:
    advice = found.advice_for(reason)
    return None if advice is None else advice.what["en"]


def test_the_reason_itself_wins_over_its_beginning_and_the_longer_beginning_over_the_shorter(
    tmp_path: Path,
) -> None:
    found = book(tmp_path, {"Bad*": "any", "BadNode*": "a node", "BadNodeIdUnknown": "this node"})
    assert said(found, "BadNodeIdUnknown") == "this node"
    assert said(found, "BadNodeIdInvalid") == "a node"
    assert said(found, "BadTimeout") == "any"
    assert said(found, "Good") is None


def test_the_first_file_that_knows_a_reason_says_it(tmp_path: Path) -> None:
    found = book(tmp_path, {"timeout": "the broker"}, {"timeout": "anybody", "bug": "a bug"})
    assert said(found, "timeout") == "the broker"
    assert said(found, "bug") == "a bug"


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert Book([tmp_path / "absent.toml"]).advice_for("timeout") is None


def test_a_text_that_is_missing_in_a_language_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[x]\nen = "a"\nfix-en = "b"\nko = "다"\n')
    with pytest.raises(KeyError):
        Book([path]).advice_for("x")


@pytest.mark.parametrize(
    ("device", "tag", "command"),
    [
        ("press-01", "Temp", "gateway trace press-01/Temp"),
        ("press-01", "금형 온도", 'gateway trace "press-01/금형 온도"'),
        ("press-01", "", "gateway trace press-01/TAG"),
        ("", "", "gateway trace DEVICE/TAG"),
        ("press-01", "{device}", "gateway trace press-01/{device}"),
    ],
)
def test_a_command_is_filled_in_so_that_it_can_be_copied(
    device: str, tag: str, command: str
) -> None:
    advice = Advice({}, {}, "gateway trace {device}/{tag}")
    assert advice.command_for(device, tag) == command

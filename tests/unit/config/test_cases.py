"""Every lesson in config/cases says exactly what is written beside it, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.catalogue import codes
from tests.unit.config.cases import ENVIRON, expected, lessons, outcome

TOO_LARGE_FOR_A_REPOSITORY = {"E1017"}
LESSONS_MIN = 30


@pytest.mark.parametrize("folder", lessons(), ids=lambda folder: folder.name)
def test_a_lesson_says_what_is_written_beside_it(folder: Path) -> None:
    made, _ = outcome(folder)
    assert made == expected(folder)


def test_every_code_has_a_lesson() -> None:
    shown = {finding.code for folder in lessons() for finding in outcome(folder)[1]}
    assert shown == set(codes()) - TOO_LARGE_FOR_A_REPOSITORY
    assert len(lessons()) >= LESSONS_MIN


def test_no_lesson_shows_a_secret() -> None:
    for folder in lessons():
        for text in expected(folder).values():
            assert not any(secret in text for secret in (*ENVIRON.values(), "press1234"))

"""What holds for every test.

Properties have no deadline, and `--quick` tries fewer examples. Where several processes share the
tests (`--dist loadgroup`), a file stays together, and the plants with machines, gateway and
platform run one after another, begun first because they take longest. A failure is printed
when it happens, so that a run which never ends, or is ended from outside, has told it.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from hypothesis import settings

PLANTS = "tests/e2e"
SECTION_MAX = 4000
QUICK_EXAMPLES = 15
"""`make check` tries so many for each property; `make test` tries all that the test asks for."""

settings.register_profile("gateway", deadline=None)  # a slow machine is no wrong result
settings.load_profile("gateway")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="few examples for each property")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        folder, _, _ = item.nodeid.rpartition("/")
        group = PLANTS if folder == PLANTS else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: not item.nodeid.startswith(f"{PLANTS}/"))
    if config.getoption("--quick"):
        for item in items:
            _fewer(getattr(item, "obj", None))


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    worker = "PYTEST_XDIST_WORKER" in os.environ  # its reports come again in the one that prints
    if report.failed and not worker:
        sys.stderr.write(f"\n{report.nodeid} ({report.when})\n{report.longreprtext}\n")
        for title, text in report.sections:
            sys.stderr.write(f"--- {title}\n{text[-SECTION_MAX:]}\n")
        sys.stderr.flush()


def _fewer(test: Any) -> None:
    """Cap the examples of a property; hypothesis has no other way over a test's own settings."""
    asked = getattr(test, "_hypothesis_internal_use_settings", None)
    if isinstance(asked, settings) and asked.max_examples > QUICK_EXAMPLES:
        function = getattr(test, "__func__", test)
        function._hypothesis_internal_use_settings = settings(asked, max_examples=QUICK_EXAMPLES)

"""Every package that is asked for is imported, or has its reason here; and the reverse."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.tidy.tree import PRODUCT, ROOT, python_files, text_of

PROJECT = tomllib.loads(text_of(ROOT / "pyproject.toml"))
REQUIRED: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: list[str] = [
    each for extra in PROJECT["project"]["optional-dependencies"].values() for each in extra
]
DEVELOPMENT: list[str] = PROJECT["dependency-groups"]["dev"]
PINNED = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)
NOT_IMPORTED = {
    "tzdata": "zoneinfo reads it where the system has no time zones (Windows)",
    "import-linter": "a command",
    "mypy": "a command",
    "pytest-asyncio": "a plugin of pytest",
    "pytest-randomly": "a plugin of pytest",
    "pytest-timeout": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
    "ruff": "a command",
    "types-pyyaml": "types for mypy",
}
OURS = {"gateway", "adapters", "aas_models", "simulators", "tests"}
BELONGS_TO = {"pydantic_core": "pydantic", "h11": "uvicorn", "urllib3": "influxdb-client"}
"""A part that its whole requires and hands us: its errors and events."""


IMPORT = re.compile(
    r"^\s*(?:from\s+(?=\w[\w.]*\s+import\b)|import\s+(?=\w[\w.]*(?:,|\s+as\b|\s*$)))(\w+)",
    re.MULTILINE,
)
DISTRIBUTIONS = packages_distributions()
LAZY = {
    "aas_core3", "aas_core3_1", "aas_test_engines", "oracledb", "psycopg", "pymssql", "pymysql",
    "serialx",
}  # fmt: skip
"""Extras: imported by name when they are there."""
LAZY_NAME = re.compile(r"[\"'](" + "|".join(LAZY) + r")(?:\.\w+)*[\"']")


def plain(requirement: str) -> str:
    """Give a package's name as the index compares it: PEP 503."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=;! ]", requirement)[0]).lower()


def top_modules(package: str) -> set[str]:
    """Give the modules that an installed package brings."""
    return {
        module
        for module, packages in DISTRIBUTIONS.items()
        if package in {plain(each) for each in packages}
    }


def named(*rooms: str) -> set[str]:
    """Give the top modules imported in these rooms; an extra's module may be named as a text."""
    found: set[str] = set()
    for path in python_files(*rooms):
        found |= set(IMPORT.findall(text_of(path)))
        found |= set(LAZY_NAME.findall(text_of(path)))
    return found


@pytest.fixture(scope="module")
def product() -> set[str]:
    return named(*PRODUCT, "simulators")


@pytest.fixture(scope="module")
def tests() -> set[str]:
    return named("tests")


def unused(requirements: list[str], modules: set[str]) -> set[str]:
    names = {plain(each) for each in requirements} - NOT_IMPORTED.keys()
    return {name for name in names if not top_modules(name) & modules}


def test_every_package_of_the_product_is_imported_by_it(product: set[str]) -> None:
    assert unused([*REQUIRED, *EXTRAS], product) == set()


def test_every_package_of_development_is_imported_by_a_test(
    product: set[str], tests: set[str]
) -> None:
    assert unused(DEVELOPMENT, tests | product) == set()


def test_whatever_the_product_imports_is_asked_for(product: set[str]) -> None:
    asked = {plain(each) for each in [*REQUIRED, *EXTRAS]}
    modules = set().union(*map(top_modules, asked)) | {*OURS, *BELONGS_TO, *LAZY}
    assert product - modules - set(sys.stdlib_module_names) == set()


def test_reasons_are_for_packages_that_are_asked_for() -> None:
    asked = {plain(each) for each in [*REQUIRED, *EXTRAS, *DEVELOPMENT]}
    assert NOT_IMPORTED.keys() <= asked
    assert set(BELONGS_TO.values()) <= asked


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_what_is_asked_for_is_locked_with_hashes_and_nothing_else_directly(lock: str) -> None:
    text = text_of(ROOT / lock)
    direct = {
        plain(entry[1])
        for entry in re.finditer(
            r"^([\w.-]+==\S+)[^#]*?(?:    # via(?:\n    #)? .*\n(?:    #   .*\n)*)",
            text,
            re.MULTILINE,
        )
        if "factory-telemetry-gateway" in entry[0]
    }
    asked = {plain(each) for each in REQUIRED}
    if "dev" in lock:
        asked |= {plain(each) for each in DEVELOPMENT}
    assert direct == asked
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_pin_is_the_one_in_the_lock() -> None:
    text = text_of(ROOT / "requirements-dev.lock")
    locked = {plain(name): version for name, version in PINNED.findall(text)}
    for requirement in [*REQUIRED, *DEVELOPMENT]:
        version = requirement.partition(";")[0].partition("==")[2].strip()
        if version:
            assert locked[plain(requirement)] == version, requirement


def test_the_decisions_say_why_each_package_is_here() -> None:
    text = text_of(ROOT / "DECISIONS.md").partition("Dependencies and why each is here")[2].lower()
    words = {plain(word) for word in re.findall(r"[\w.-]*\w", text)}
    asked = {plain(each) for each in [*REQUIRED, *EXTRAS, *DEVELOPMENT]}
    missing = {name for name in asked - words if name.removeprefix("pytest-") not in words}
    assert missing == set()
    table = text.partition("development only")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")][1:]
    listed = {plain(word) for cell in cells for word in re.findall(r"[\w.-]*\w", cell)}
    about = {"not", "on", "windows", "extra", "serial", "usage-databases", "verify"}
    assert listed - about == {plain(each) for each in [*REQUIRED, *EXTRAS]}

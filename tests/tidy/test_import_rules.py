"""The contracts of import-linter cover what their names say."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.tidy.tree import PRODUCT, ROOT, imported, name_of, python_files, text_of, tree_of

CONTRACTS: list[dict[str, Any]] = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"][
    "importlinter"
]["contracts"]
STACKS = ("aiohttp", "asyncua", "basyx", "influxdb_client", "paho", "starlette", "uvicorn")
LIVES_IN = [each for each in CONTRACTS if " lives in " in each["name"]]
PROTOCOLS = re.compile(r"\b(opc ?ua|mqtt|modbus|xgt|melsec)", re.IGNORECASE)
CITES_A_CLAUSE = {"gateway/core/types.py"}
"""OPC UA's status codes are the vocabulary of quality; the comment names the standard."""


def modules() -> list[str]:
    """Give every module of the product and the simulators by its dotted name."""
    return [
        name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in python_files(*PRODUCT, "simulators")
    ]


def covers(patterns: list[str], module: str) -> bool:
    return any(
        fnmatchcase(module, pattern) or fnmatchcase(module, f"{pattern}.*") for pattern in patterns
    )


def contract(name: str) -> dict[str, Any]:
    return next(each for each in CONTRACTS if each["name"].startswith(name))


def test_every_room_has_a_layer() -> None:
    words = " ".join(contract("One vocabulary")["layers"]).replace("|", " ").split()
    unlisted = {module for module in modules() if not covers([*words, "simulators"], module)}
    assert unlisted == {"gateway"}  # the package itself holds nothing


@pytest.mark.parametrize("each", LIVES_IN, ids=lambda each: each["name"])
def test_a_library_is_forbidden_everywhere_but_in_the_rooms_that_are_named(
    each: dict[str, Any],
) -> None:
    library, _, rooms = each["name"].partition(" lives in ")
    allowed = rooms.split(" and ")
    assert each["forbidden_modules"] == [library]
    rest = [module for module in modules() if not covers(allowed, module)]
    assert {
        module
        for module in rest
        if not covers(each["source_modules"], module) and module not in PARENTS
    } == set()


PARENTS = {"gateway", "adapters", "aas_models", "simulators"}
"""Packages that only hold others; what is below them is listed by itself."""


@pytest.mark.parametrize("package", sorted(PARENTS - {"aas_models"}))
def test_a_package_that_only_holds_others_imports_nothing(package: str) -> None:
    assert list(imported(tree_of(ROOT / package / "__init__.py"))) == []


def test_every_stack_has_rooms_or_is_free() -> None:
    guarded = {each["name"].partition(" ")[0] for each in LIVES_IN}
    assert guarded == {"asyncua", "paho", "influxdb_client", "basyx"}


def test_loading_is_held_for_every_module_that_loads() -> None:
    sources = contract("Loading a configuration")["source_modules"]
    loading = [
        module
        for module in modules()
        if module.startswith(("gateway.config.", "gateway.core."))
        or re.fullmatch(r"adapters\.\w+\.(config|settings)", module)
    ]
    assert len(loading) > 30
    assert [module for module in loading if not covers(sources, module)] == []
    assert set(contract("Loading a configuration")["forbidden_modules"]) == set(STACKS)


def test_importing_all_that_loads_a_configuration_imports_no_protocol_stack() -> None:
    code = (
        "import sys, pkgutil, importlib, adapters, gateway.config as config\n"
        "names = [m.name for m in pkgutil.walk_packages(config.__path__, config.__name__ + '.')]\n"
        "for m in pkgutil.iter_modules(adapters.__path__, 'adapters.'):\n"
        "    names += [m.name + '.config', m.name + '.settings']\n"
        "for name in names: importlib.import_module(name)\n"
        "print(len(names), *sorted({n.partition('.')[0] for n in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, *loaded = done.stdout.split()
    assert int(count) > 25
    assert set(loaded) & set(STACKS) == set()


def test_the_vocabulary_names_no_protocol() -> None:
    found = {
        name_of(path)
        for path in python_files("gateway/core")
        if PROTOCOLS.search(text_of(path)) and name_of(path) not in CITES_A_CLAUSE
    }
    assert found == set()


def test_the_architecture_says_the_same_of_the_vocabulary() -> None:
    architecture = text_of(ROOT / "ARCHITECTURE.md")
    assert "the clock; no name of a protocol" in architecture

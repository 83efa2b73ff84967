"""The command line as a whole: it starts light, speaks two languages, never shows a traceback."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import gateway.cli
from gateway.cli import options
from gateway.cli.commands import COMMANDS
from gateway.cli.help import texts_of
from gateway.cli.main import app, loaded, prepared
from gateway.cli.screen import width
from gateway.core import texts

CLI = [sys.executable, "-c", "from gateway.cli.main import main; main()"]
HEAVY = (
    "asyncio", "asyncua", "starlette", "uvicorn", "aiohttp", "numpy", "apsw", "paho",
    "yaml", "http.client", "rich", "cryptography", "basyx", "orjson", "gateway.app",
)  # fmt: skip
MODULES = sorted(each.name for each in pkgutil.iter_modules(gateway.cli.__path__))


def gateway_says(*words: str, **environ: str) -> Any:
    clean = dict.fromkeys(texts.VARIABLES)
    return CliRunner().invoke(app, list(words), env={**clean, **environ})


def commands() -> Iterator[tuple[str, Any]]:
    """Give every command with its words."""
    for name, entry in COMMANDS.items():
        command = loaded(name, entry)
        yield name, command
        for sub, each in getattr(command, "commands", {}).items():
            yield f"{name} {sub}", each


@pytest.mark.parametrize("words", [["--help"], ["status", "--help"], ["spool", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    # pydantic is not in the list: the library of the command line takes it for options' types
    script = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print([n for n in {HEAVY!r} if n in sys.modules]))\n"
        f"sys.argv = ['gateway', *{words!r}]\n"
        "from gateway.cli.main import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_has_help_with_all_its_options_explained() -> None:
    for name, command in commands():
        if name.startswith("sim "):
            continue  # their options are the simulators' own
        assert all(texts_of(command)), name
        assert gateway_says(*name.split(), "--help").exit_code == 0, name


def test_help_in_korean_is_korean_in_every_line_and_fits_80_columns() -> None:
    for words in ((), ("spool",), ("history",), ("trust",)):
        text = gateway_says(*words, "--help", GATEWAY_LANG="ko").output
        assert "Options" not in text
        assert "사용법" in text
        for line in text.splitlines():
            assert width(line) <= 80, line


def test_group_and_command_list_say_the_same() -> None:
    for name, entry in COMMANDS.items():
        if entry.member == "app":
            assert loaded(name, entry).help == entry.text


@pytest.mark.parametrize(
    ("option", "environ", "given"),
    [
        ("ko", {"GATEWAY_LANG": "en"}, "ko"),
        (None, {"GATEWAY_LANG": "ko", "LC_ALL": "en_US.UTF-8"}, "ko"),
        (None, {"LC_ALL": "ko_KR.UTF-8"}, "ko"),
        (None, {"LANG": "ko_KR.UTF-8"}, "ko"),
        (None, {"LC_ALL": "C", "LANG": "ko_KR.UTF-8"}, "en"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_option_then_the_variable_then_the_system(
    option: str | None, environ: dict[str, str], given: str
) -> None:
    assert texts.language_of(option, environ) == given


def test_every_command_that_speaks_takes_the_language() -> None:
    silent = {"config schema", "sim"}
    for name, command in commands():
        if name in silent or name.startswith("sim ") or hasattr(command, "commands"):
            continue
        taken = {flag for param in command.params for flag in param.opts}
        assert "--lang" in taken, name


def test_what_programs_read_can_be_json() -> None:
    wanted = {
        "status", "tail", "trace", "ping", "check", "version", "demo", "backfill", "spool ls",
        "spool show", "spool quarantine", "spool retry", "history ls", "history query", "aas ls",
        "trust ls", "trust show", "trust accept", "trust reject", "users ls", "secrets ls",
    }  # fmt: skip
    able = {name for name, command in commands() if any("--json" in p.opts for p in command.params)}
    assert wanted - able == set()


def test_a_colourless_terminal_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("GATEWAY_LANG", "")
    assert prepared(["status", "--no-color", "--lang", "ko"]) == ["status", "--lang", "ko"]
    assert options.language(None) == "ko"
    done = subprocess.run(
        [*CLI, "nonsense", "--no-color"],
        capture_output=True, text=True, check=False, env={"FORCE_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr


def test_a_mistyped_command_is_told_the_near_one() -> None:
    result = gateway_says("statsu")
    assert (result.exit_code, "status" in result.stderr) == (2, True)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_version_says_the_product_python_and_libraries(lang: str) -> None:
    content = json.loads(gateway_says("version", "--json").stdout)
    assert set(content) == {"gateway", "python", "system", "libraries"}
    assert None not in content["libraries"].values()
    text = gateway_says("version", "--lang", lang).stdout
    assert all(found in text for found in content["libraries"].values())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["status"], 3), (["tail"], 3), (["trace", "press-01/T"], 3), (["top", "--once"], 3),
        (["ping"], 3), (["spool", "ls"], 2), (["spool", "quarantine"], 2), (["history", "ls"], 2),
        (["history", "query", "T"], 2), (["trust", "ls"], 2), (["trust", "show", "abcd"], 2),
        (["backfill", "--from", "2026-11-24", "--to", "2026-11-25"], 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_data_folder_that_is_not_there_is_told_with_the_option(
    words: list[str], code: int, lang: str, tmp_path: Path
) -> None:
    result = gateway_says(*words, "--data", str(tmp_path / "nowhere"), "--lang", lang)
    assert result.exit_code == code
    assert "nowhere" in result.stderr
    assert "--data" in result.stderr
    assert ("폴더" in result.stderr) == (lang == "ko")
    assert result.stdout == ""


@pytest.mark.parametrize("words", [["status"], ["tail"], ["trace", "a/b"], ["top"]])
def test_without_a_service_the_command_to_start_it_is_told(
    words: list[str], tmp_path: Path
) -> None:
    result = gateway_says(*words, "--data", str(tmp_path), "--lang", "en")
    assert result.exit_code == options.EXIT_UNREACHABLE
    assert "gateway run CONFIG" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["status", "--lang", "fr"], ["trace", "no-slash"], ["history", "query"], ["spool", "show"],
        ["spool", "show", "x"], ["spool", "show", "0"], ["explain", "E9999"], ["users", "rm", "x"],
        ["trust", "show", "zz"], ["check", "/nowhere"], ["config", "show", "/nowhere"],
        ["aas", "ls", "--config", "/nowhere"], ["aas", "get", "x", "--config", "/nowhere"],
        ["secrets", "rm", "x"], ["demo", "--for", "soon"], ["sim", "opcu"],
        ["run", "/nowhere", "--log", "xml"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_bad_input_is_a_sentence_and_never_a_traceback(
    words: list[str], lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = gateway_says(*words, GATEWAY_LANG=lang)
    assert result.exit_code == options.EXIT_CONFIG, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.output.strip()
    assert "Traceback" not in result.output


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.slow
def test_a_service_without_configuration_says_so_and_ends(lang: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*CLI, "run", str(tmp_path), "--data", str(tmp_path / "data"), "--lang", lang],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == options.EXIT_CONFIG
    assert "E1001" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("lang", "said"), [("ko", "내부 오류"), ("en", "Internal error")])
def test_an_unforeseen_error_is_a_sentence_and_a_file_for_support(
    lang: str, said: str, tmp_path: Path
) -> None:
    script = (
        "import sys, gateway.cli.ping as ping\n"
        "def broken(): raise KeyError('never foreseen')\n"
        "ping.ping = broken\n"
        "sys.argv = ['gateway', 'ping']\n"
        "from gateway.cli.main import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False,
        env={"GATEWAY_LANG": lang, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == options.EXIT_INTERNAL
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    (file,) = tmp_path.iterdir()
    assert str(file) in done.stderr
    assert "KeyError: 'never foreseen'" in file.read_text()

"""check, explain, config and secrets as a person or a program calls them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.app.advice import known_reasons
from gateway.app.kinds import KINDS
from gateway.cli import check, config, explain, secrets
from gateway.config.catalogue import codes
from gateway.config.schema import schema_text, schemas
from tests.unit.config.cases import CASES

ROOT = Path(__file__).parents[3]

KEYS = """
    id site business_number id_base devices spool path quota history kind keep url version
    org bucket token database retention_policy user password platform compression send
    backlog_rate usage receiver listen reply deliver key api users layout device label
    connect security mode policy unsafe login every asset maker model serial year aasx
    tags name node unit scale offset aas type range deadband values expr bit json text
    topic time stall_tolerance sampling queue keepalive client_id protocol qos
    receive_maximum tls ca certificate
"""

app = typer.Typer()
app.command()(check.check)
app.command()(explain.explain)
app.add_typer(config.app, name="config")
app.add_typer(secrets.app, name="secrets")


def gateway(*words: object, typed: str = "", **environ: str) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=typed, env=environ)


@pytest.mark.parametrize(
    ("case", "words", "code"),
    [
        ("three-lines", (), 0),
        ("no-tags", (), 0),
        ("no-tags", ("--strict",), 1),
        ("three-lines", ("--strict",), 0),
        ("unknown-unit", (), 2),
        ("no-gateway-file", (), 2),
    ],
)
def test_check_ends_with_the_status_that_is_written_down(
    case: str, words: tuple[str, ...], code: int
) -> None:
    assert gateway("check", CASES / case, *words).exit_code == code


def test_check_says_the_lesson_and_what_to_type_next() -> None:
    result = gateway("check", CASES / "unknown-unit", "--lang", "ko")
    assert (CASES / "unknown-unit" / "error.ko.txt").read_text("utf-8").strip() in result.stdout
    assert "gateway explain E1203" in result.stdout
    assert "Errors: 1" in gateway("check", CASES / "unknown-unit", LANG="C").stdout


def test_check_speaks_json_to_programs() -> None:
    result = gateway("check", CASES / "all-files-at-once", "--json")
    answer = json.loads(result.stdout)
    assert (answer["ok"], answer["errors"], result.exit_code) == (False, 6, 2)
    unit = next(finding for finding in answer["findings"] if finding["code"] == "E1203")
    assert (unit["file"], unit["line"], unit["column"]) == ("devices/press-01.yaml", 6, 39)
    assert unit["facts"] == {"unit": "도씨", "near": "degC"}
    fine = json.loads(gateway("check", CASES / "three-lines", "--json").stdout)
    assert fine["devices"] == {"press-01": 1}


def test_check_takes_the_file_itself_too() -> None:
    assert gateway("check", CASES / "three-lines" / "gateway.yaml").exit_code == 0


def test_the_demo_configuration_is_right_without_a_warning() -> None:
    assert gateway("check", ROOT / "config", "--strict").exit_code == 0


def test_explain_knows_every_code_in_both_languages() -> None:
    for language in ("ko", "en"):
        for code in codes():
            result = gateway("explain", code.lower(), "--lang", language)
            assert result.exit_code == 0
            assert result.stdout.startswith(code)
        listed = gateway("explain", "--lang", language).stdout
        assert all(code in listed for code in codes())
    assert "degC" in gateway("explain", "units").stdout
    assert gateway("explain", "E9999").exit_code == 2


def test_explain_knows_every_reason_in_both_languages_and_by_room() -> None:
    for language in ("ko", "en"):
        listed = gateway("explain", "--lang", language).stdout
        for found in known_reasons().values():
            for reason, advice in found.items():
                assert f"  {reason}  [" in listed
                said = gateway("explain", reason.rstrip("*"), "--lang", language)
                assert said.exit_code == 0, reason
                assert advice.fix[language] in said.stdout
    timeouts = gateway("explain", "timeout", "--lang", "en").stdout
    assert "[OPC UA]" in timeouts
    assert "[Central platform]" in timeouts
    near = gateway("explain", "certificate-unknwon")
    assert near.exit_code == 2
    assert "certificate-unknown" in near.output


def test_secrets_are_stored_listed_and_removed_and_check_finds_them(tmp_path: Path) -> None:
    data = ("--data", tmp_path)
    case = CASES / "secret-missing"
    assert gateway("check", case, *data).exit_code == 2
    assert gateway("secrets", "set", "press02", *data, typed="geheim\n").exit_code == 0
    assert gateway("check", case, *data).exit_code == 0
    assert gateway("secrets", "ls", *data).stdout == "press02\n"
    shown = gateway("config", "show", case, "--effective", *data).stdout
    assert "geheim" not in shown
    assert '"password": "***"' in shown
    assert gateway("secrets", "rm", "press02", *data).exit_code == 0
    assert gateway("secrets", "rm", "press02", *data).exit_code == 2
    assert gateway("secrets", "set", "../x", *data, typed="x\n").exit_code == 2
    assert gateway("secrets", "set", "empty", *data, typed="\n").exit_code == 2


def test_the_schemas_in_the_repository_are_those_of_the_models() -> None:
    for name, content in schemas(KINDS).items():
        written = (ROOT / "config" / "schema" / f"{name}.json").read_text("utf-8")
        assert written == schema_text(content), "run: gateway config schema --write config/schema"
    assert json.loads(gateway("config", "schema", "device").stdout) == schemas(KINDS)["device"]


def test_the_schema_knows_every_key_of_the_format() -> None:
    text = json.dumps(schemas(KINDS))
    assert [key for key in KEYS.split() if f'"{key}"' not in text] == []


def test_show_prints_what_is_written_and_what_is_meant() -> None:
    written = json.loads(gateway("config", "show", CASES / "three-lines").stdout)
    assert written["settings"] == {"version": 1, "gateway": {"id": "edge-07"}}
    meant = json.loads(gateway("config", "show", CASES / "three-lines", "--effective").stdout)
    tag = meant["devices"]["press-01"]["tags"][0]
    assert (tag["name"], tag["element"]) == ("금형온도_상", "Geumhyeongondo_Sang")
    assert re.match(r"urn:uuid:", tag["submodel"])

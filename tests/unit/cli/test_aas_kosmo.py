"""`gateway aas kosmo`, `verify` and `mdt` as commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from aas_models.verify.judges import missing_packages
from tests.unit.aas.kosmo_cases import CASES, needs_cases
from tests.unit.aas.test_kosmo_config import own_config
from tests.unit.aas.test_verify import environment
from tests.unit.cli.test_commands import gateway_says

needs_judges = pytest.mark.skipif(bool(missing_packages()), reason="no extra `verify`")
FILES = ["engineering.csv", "nodeset.xml", "syscfg.json"]


def test_a_configuration_is_exported_and_imported_again(tmp_path: Path) -> None:
    config = own_config(tmp_path / "config")
    files, again = tmp_path / "files", tmp_path / "again"
    done = gateway_says("aas", "kosmo", "export", str(config), "--out", str(files), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["mapped"] == 3
    assert sorted(path.name for path in files.iterdir()) == FILES
    done = gateway_says("aas", "kosmo", "import", str(files), "--out", str(again), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["devices"] == {"press01": 2, "room": 1}
    assert gateway_says("check", str(again)).exit_code == 0


def test_what_is_missing_is_said_in_the_users_language(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    done = gateway_says("aas", "kosmo", "import", str(tmp_path), "--out", out, "--lang", "ko")
    assert done.exit_code == 2
    assert "engineering.csv 가 없습니다" in done.output
    assert not Path(out).exists()
    (tmp_path / "engineering.csv").write_text("", "utf-8")
    done = gateway_says("aas", "kosmo", "import", str(tmp_path), "--out", out, "--lang", "en")
    assert "no AASX" in done.output


def test_device_files_of_a_person_are_never_overwritten(tmp_path: Path) -> None:
    config = own_config(tmp_path / "config")
    files = tmp_path / "files"
    gateway_says("aas", "kosmo", "export", str(config), "--out", str(files))
    before = (config / "devices" / "room.yaml").read_text("utf-8")
    done = gateway_says("aas", "kosmo", "import", str(files), "--out", str(config), "--lang", "en")
    assert done.exit_code == 2
    assert "was not made from KOSMO files" in done.output
    assert (config / "devices" / "room.yaml").read_text("utf-8") == before
    assert not (config / "kosmo").exists()


@pytest.mark.reference
@needs_cases
def test_a_case_is_imported_twice_and_exported_with_its_aas(tmp_path: Path) -> None:
    out = str(tmp_path / "config")
    for _ in range(2):
        done = gateway_says("aas", "kosmo", "import", str(CASES / "d-line"), "--out", out)
        assert done.exit_code == 0, done.output
    model = str(CASES / "d-line" / "environment.aas.xml")
    for source in (out, model):
        files = tmp_path / Path(source).name
        to = files.with_suffix(".out")
        done = gateway_says("aas", "kosmo", "export", source, "--out", str(to))
        assert done.exit_code == 0, done.output
        reference = (CASES / "d-line" / "nodeset.xml").read_bytes()
        assert (to / "nodeset.xml").read_bytes() == reference


def test_devices_are_written_as_mdt_data(tmp_path: Path) -> None:
    config, path = own_config(tmp_path / "config"), tmp_path / "data.json"
    done = gateway_says("aas", "mdt", str(path), "--config", str(config), "--data", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert [s["idShort"] for s in json.loads(path.read_text("utf-8"))["submodels"]] == ["Data"] * 2


@needs_judges
def test_files_are_verified_with_a_page_and_an_exit_code(tmp_path: Path) -> None:
    good, bad, page = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "report.html"
    good.write_text(json.dumps(environment()), "utf-8")
    bad.write_text(json.dumps(environment(value="warm")), "utf-8")
    done = gateway_says("aas", "verify", str(good), "--html", str(page), "--lang", "ko")
    assert done.exit_code == 0, done.output
    assert "통과" in page.read_text("utf-8")
    done = gateway_says("aas", "verify", str(good), str(bad), "--json")
    assert done.exit_code == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["ok"] for line in lines] == [True, False]
    assert gateway_says("aas", "verify", str(tmp_path / "none.json")).exit_code == 2


def test_judges_that_are_not_there_are_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aas_models.verify.judges.PACKAGES", {"no_such_judge": "no-judge==1"})
    for lang, word in (("en", "Install them"), ("ko", "설치")):
        done = gateway_says("aas", "verify", str(tmp_path / "x.json"), "--lang", lang)
        assert done.exit_code == 2
        assert word in done.output
        assert "pip install no-judge==1" in done.output


class Api(BaseHTTPRequestHandler):
    """A stranger's AAS repository with one shell on each page."""

    document: ClassVar[dict[str, Any]] = {}
    routes: ClassVar = {"shells": "assetAdministrationShells", "submodels": "submodels"}

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        name = parts.path.removeprefix("/api/v3.0/")
        items = self.document.get(self.routes.get(name, ""), [])
        place = int(parse_qs(parts.query).get("cursor", ["0"])[0])
        more = {"cursor": str(place + 1)} if place + 1 < len(items) else {}
        answer = {"paging_metadata": more, "result": items[place : place + 1]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def api() -> Iterator[tuple[type[Api], str]]:
    class Own(Api):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Own, f"http://127.0.0.1:{server.server_port}/api/v3.0"
    server.shutdown()
    thread.join()
    server.server_close()


@needs_judges
def test_a_running_api_is_fetched_to_its_last_page_and_judged(api: tuple[type[Api], str]) -> None:
    served, url = api
    document = environment()
    second = environment()["submodels"][0] | {"id": "urn:more"}
    served.document = {**document, "submodels": [*document["submodels"], second]}
    done = gateway_says("aas", "verify", "--url", url, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["counts"]["submodels"] == 2
    second["submodelElements"][0]["valueType"] = "xs:real"
    assert gateway_says("aas", "verify", "--url", url).exit_code == 1


@needs_judges
def test_an_api_that_is_not_there_is_said() -> None:
    done = gateway_says("aas", "verify", "--url", "http://127.0.0.1:1/api/v3.0", "--lang", "en")
    assert done.exit_code == 3

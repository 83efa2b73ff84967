"""No container engine runs in the tests: the files are held to their rules by reading them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from gateway.app.kinds import KINDS
from gateway.config.plan import load_plan

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_the_image_is_multi_stage_slim_and_not_root() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(stages) == 2
    assert all(stage.endswith("-slim") for stage in stages)
    last_user = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1]
    assert last_user not in {"0", "root"}


def test_the_image_is_watched_by_gateway_ping() -> None:
    health = re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert health is not None
    assert '"gateway", "ping"' in health[1]


def test_image_and_make_setup_share_their_install_steps() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert ".ci/install-python" in DOCKERFILE
    assert ".ci/install-python" in makefile


def test_everything_the_image_copies_exists() -> None:
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


def test_compose_has_the_whole_path_with_read_only_roots() -> None:
    services = COMPOSE["services"]
    assert {"gateway", "influxdb", "mosquitto", "opcua", "cell", "platform"} <= set(services)
    for name in ("gateway", "opcua", "cell", "platform"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]


def test_compose_listens_on_loopback_only() -> None:
    services = COMPOSE["services"]
    assert all(service["network_mode"] == "host" for service in services.values())
    assert not any("ports" in service for service in services.values())
    bound = services["influxdb"]["environment"]["INFLUXD_HTTP_BIND_ADDRESS"]
    assert bound.startswith("127.0.0.1:")


def test_the_configuration_of_compose_is_right() -> None:
    secrets = {"GATEWAY_SECRET_INFLUX_TOKEN": "x", "GATEWAY_SECRET_PLATFORM_TOKEN": "y"}
    plan = load_plan(ROOT / "config" / "compose", ROOT / "nowhere", secrets, KINDS)
    assert plan.devices.keys() == {"env-room", "moulder-01", "press-01"}
    assert set(secrets) <= set(COMPOSE["services"]["gateway"]["environment"])


def test_compose_starts_simulators_that_exist() -> None:
    for service in COMPOSE["services"].values():
        entry = service.get("entrypoint", [])
        if "-m" in entry:
            assert (ROOT / (entry[-1].replace(".", "/") + ".py")).exists()

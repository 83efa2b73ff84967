"""Makes or checks database, retention policy, bucket and mapping; blocking.

What the login may not do is left alone and said once: a later write tells whether it matters.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.core.errors import SinkUnavailable
from gateway.history.influx_http import InfluxServer, LinesRefused, NotThere, QueryFailed
from gateway.ops.events import history as events

KIND = "influxdb"
AUTOGEN = "autogen"
_DURATION_PART = re.compile(r"(\d+)(w|d|h|m|s)")
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
RETENTION_MIN_S = 3_600
"""The shortest that InfluxDB accepts."""


def prepare(server: InfluxServer) -> None:
    """Bring the destination into being where that is allowed.

    Raises:
        SinkUnavailable: the server does not answer.
    """
    steps = {1: _prepare_1, 2: _prepare_2, 3: _prepare_3}
    try:
        steps[server.config.version](server)
    except (QueryFailed, LinesRefused, NotThere) as error:
        events.history_note(KIND, f"could not check: {error}")
    except SinkUnavailable as error:
        if not error.hold:
            raise
        events.history_note(KIND, f"may not create or check: {error.detail}")


def quoted(name: str) -> str:
    """Give a name as InfluxQL writes it. Source: InfluxQL reference, quoting."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _keep_s(server: InfluxServer) -> int:
    return max(round(server.config.keep_s), RETENTION_MIN_S)


def _prepare_1(server: InfluxServer) -> None:
    config, keep_s = server.config, _keep_s(server)
    database = config.database
    found = _policies(server)
    if found is None:
        name = f" NAME {quoted(config.retention_policy)}" if config.retention_policy else ""
        server.influxql(
            f"CREATE DATABASE {quoted(database)} WITH DURATION {keep_s}s{name}", database=database
        )
        events.history_created(KIND, "database", database)
        return
    policy = config.retention_policy
    if policy and policy not in found:
        server.influxql(
            f"CREATE RETENTION POLICY {quoted(policy)} ON {quoted(database)}"
            f" DURATION {keep_s}s REPLICATION 1",
            database=database,
        )
        events.history_created(KIND, "retention policy", policy)
        return
    _compare(policy or AUTOGEN, keep_s, found.get(policy or AUTOGEN))


def _policies(server: InfluxServer) -> dict[str, float] | None:
    """Give the policies of the database with their seconds (0: for ever), None without it."""
    try:
        series = server.influxql(
            f"SHOW RETENTION POLICIES ON {quoted(server.config.database)}",
            database=server.config.database,
        )
    except QueryFailed as error:
        if "not found" in str(error):
            return None
        raise
    rows = [row for one in series for row in one.get("values", ())]
    return {row[0]: _seconds(row[1]) for row in rows}


def _seconds(duration: str) -> float:
    return sum(int(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(duration))


def _compare(name: str, wanted_s: float, found_s: float | None) -> None:
    if found_s is not None and found_s != wanted_s:
        events.history_retention_differs(name, wanted_s, found_s)


def _prepare_2(server: InfluxServer) -> None:
    bucket = _bucket(server) or _create_bucket(server)
    rules = bucket.get("retentionRules") or [{"everySeconds": 0}]
    _compare(server.config.bucket, _keep_s(server), rules[0].get("everySeconds"))
    _map_bucket(server, bucket)


def _bucket(server: InfluxServer) -> dict[str, Any] | None:
    query = {"name": server.config.bucket, "org": server.config.org}
    try:
        found = server.ask("GET", "/api/v2/buckets", query).get("buckets", [])
    except NotThere:
        return None
    return found[0] if found else None


def _create_bucket(server: InfluxServer) -> dict[str, Any]:
    config = server.config
    organizations = server.ask("GET", "/api/v2/orgs", {"org": config.org}).get("orgs", [])
    if not organizations:
        raise NotThere(f"organization {config.org}")
    rule = {"type": "expire", "everySeconds": _keep_s(server)}
    wanted = {"orgID": organizations[0]["id"], "name": config.bucket, "retentionRules": [rule]}
    made = server.ask("POST", "/api/v2/buckets", {}, wanted)
    events.history_created(KIND, "bucket", config.bucket)
    return made


def _map_bucket(server: InfluxServer, bucket: dict[str, Any]) -> None:
    """InfluxQL asks for a database: the mapping gives the bucket that name."""
    config = server.config
    query = {"org": config.org, "bucketID": bucket["id"]}
    found = server.ask("GET", "/api/v2/dbrps", query).get("content", [])
    if any(mapping.get("database") == config.bucket for mapping in found):
        return
    wanted = {
        "orgID": bucket["orgID"],
        "bucketID": bucket["id"],
        "database": config.bucket,
        "retention_policy": AUTOGEN,
        "default": True,
    }
    server.ask("POST", "/api/v2/dbrps", {}, wanted)
    events.history_created(KIND, "mapping", config.bucket)


def _prepare_3(server: InfluxServer) -> None:
    name = server.config.bucket
    found = server.ask("GET", "/api/v3/configure/database", {"format": "json"})
    if any(name in (entry, _named(entry)) for entry in _databases(found)):
        return
    wanted = {"db": name, "retention_period": f"{_keep_s(server)}s"}
    try:
        server.ask("POST", "/api/v3/configure/database", {}, wanted)
    except LinesRefused:  # 3.0 knows no retention period
        server.ask("POST", "/api/v3/configure/database", {}, {"db": name})
        events.history_note(KIND, "the server keeps data without a limit")
    events.history_created(KIND, "database", name)


def _databases(found: dict[str, Any]) -> list[Any]:
    listed = found.get("items") or found.get("databases") or []
    return listed if isinstance(listed, list) else []


def _named(entry: Any) -> Any:
    return entry.get("iox::database") if isinstance(entry, dict) else None

"""Takes requests apart, decides on each record, and reads back what was kept."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from simulators.platform_faults import Faults
from simulators.platform_rules import (
    Plan,
    RefusedError,
    UnknownPlan,
    check_gap,
    check_request,
    check_samples,
    check_usage,
)
from simulators.platform_store import NewRecord, Store


class Receiver:
    """The platform's judgement. `take_half` makes the next request count only by half."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        self.take_half = False

    def take(self, gateway: str, body: Any, headers: Mapping[str, str]) -> dict[str, Any]:
        """Keep the good records and answer; UnknownPlan and ValueError are about the whole."""
        records = check_request(body)
        epoch = body["epoch"]
        key = f"{epoch}:{body['first']}-{body['last']}"
        if headers.get("Idempotency-Key") != key:
            raise ValueError("Idempotency-Key does not fit the body")
        if self.take_half:
            self.take_half, records = False, records[: len(records) // 2]
        plans = self._store.plans.get(gateway, {})
        devices = self._store.devices(gateway)
        good: list[NewRecord] = []
        refused: list[dict[str, Any]] = []
        for record in records:
            try:
                good.append(self._checked(record, plans, devices))
            except RefusedError as error:
                refused.append({"offset": record["offset"], "reason": str(error)})
        self._store.add(gateway, epoch, good)
        if refused:
            self._store.count(gateway, "refused", len(refused))
        accepted = _ranges([new.record["offset"] for new in good])
        return {"epoch": epoch, "accepted": accepted, "refused": refused}

    def _checked(
        self, record: dict[str, Any], plans: dict[str, Plan], devices: set[str]
    ) -> NewRecord:
        plan = plans.get(record.get("plan", ""))
        if plan is None and (record.get("kind") == "samples" or record.get("plan")):
            raise UnknownPlan(str(record.get("plan")))
        new = _checked_kind(record, plan, devices)
        for rule in self._faults.rules:
            if rule.meets(record, new.device):
                raise ValueError(rule.reason) if rule.poison else RefusedError(rule.reason)
        return new

    def summary(self, gateway: str) -> dict[str, Any]:
        """Count what is there."""
        kinds: Counter[str] = Counter()
        samples = 0
        devices: dict[str, Counter[str]] = {}
        for kind, device, records, inside in self._store.totals(gateway):
            kinds[kind] += records
            samples += inside
            if device is not None:
                of_device = devices.setdefault(device, Counter(records=0, samples=0, gaps=0))
                of_device["records"] += records
                of_device["samples"] += inside
                of_device["gaps"] += records if kind == "gap" else 0
        counts = self._store.counts(gateway)
        return {
            "records": sum(kinds.values()),
            "samples": samples,
            "gaps": kinds["gap"],
            "usage": kinds["usage"],
            "duplicates": counts.get("duplicates", 0),
            "conflicts": counts.get("conflicts", 0),
            "refused": counts.get("refused", 0),
            "requests": counts.get("requests", 0),
            "devices": devices,
            "epochs": self._store.epochs(gateway),
            "plans": len(self._store.plans.get(gateway, {})),
            "cpu_s": time.process_time(),
        }

    def samples(
        self,
        gateway: str,
        device: str | None,
        name: str | None,
        span: tuple[int, int],
        limit: int,
    ) -> list[dict[str, Any]]:
        """Give samples as rows in offset order."""
        rows: list[dict[str, Any]] = []
        plans = self._store.plans.get(gateway, {})
        for stored in self._store.samples_of(gateway, device):
            signals = plans[stored.record["plan"]].body["signals"]
            for row in _rows(stored.epoch, stored.record, signals):
                fits = name in (None, row["name"]) and span[0] <= row["time"] <= span[1]
                if fits:
                    rows.append(row)
                if len(rows) >= limit:
                    return rows
        return rows


def _checked_kind(record: dict[str, Any], plan: Plan | None, devices: set[str]) -> NewRecord:
    match record.get("kind"):
        case "samples":
            assert plan is not None
            check_samples(record, plan)
            return NewRecord(record, plan.devices[record["signals"][0]], len(record["signals"]))
        case "gap":
            check_gap(record, devices.__contains__)
            return NewRecord(record, record["device"], 0)
        case "usage":
            check_usage(record)
            return NewRecord(record, None, 0)
    raise RefusedError("unknown kind")


def _rows(
    epoch: str, record: dict[str, Any], signals: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    raw = record.get("raw")
    return [
        {
            "epoch": epoch,
            "offset": record["offset"],
            "place": place,
            "device": signals[index]["device"],
            "name": signals[index]["name"],
            "source": signals[index]["source"],
            "element": signals[index]["element"],
            "time": record["times"][place],
            "value": record["values"][place],
            "status": record["status"][place],
            "received": record["received"],
            **({} if raw is None else {"raw": raw[place]}),
        }
        for place, index in enumerate(record["signals"])
    ]


def _ranges(offsets: list[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for offset in offsets:
        if ranges and ranges[-1][1] == offset - 1:
            ranges[-1][1] = offset
        else:
            ranges.append([offset, offset])
    return ranges

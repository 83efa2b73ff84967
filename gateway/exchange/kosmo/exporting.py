"""Gives the three KOSMO files of an AAS, or of a configuration that may be running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aas_models.elements import Json
from aas_models.kosmo.cloud import with_cloud_shell
from aas_models.kosmo.data_types import Choice
from aas_models.kosmo.engineering import FILE_NAME as TABLE
from aas_models.kosmo.engineering import Row, unfilled, write_engineering
from aas_models.kosmo.nodeset import FILE_NAME as NODESET
from aas_models.kosmo.nodeset import write_nodeset
from aas_models.kosmo.problems import Problem
from aas_models.kosmo.space import address_space
from aas_models.kosmo.syscfg import FILE_NAME as SYSCFG
from aas_models.kosmo.syscfg import SystemConfig, system_of, write_syscfg
from gateway.config.plan import GatewayPlan
from gateway.core.kinds import AdapterKind
from gateway.exchange.kosmo.kept import kept_parts
from gateway.exchange.kosmo.sidecar import read_sidecar
from gateway.exchange.kosmo.sources import (
    filled_rows,
    notes_on,
    own_environment,
    own_sources,
    own_system,
)


@dataclass(frozen=True, slots=True)
class Exported:
    """The three files by name, and what they could not carry."""

    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]
    properties: int
    mapped: int

    def write(self, folder: Path) -> None:
        """Write them into a folder.

        Raises:
            OSError: it cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            partial = folder / f".{name}.partial"
            partial.write_bytes(data)
            partial.replace(folder / name)


def export_environment(
    environment: Json, choice: Choice = "sound", *, for_spreadsheet: bool = False
) -> Exported:
    """Give the files of an AAS; its table is not filled in."""
    rows = unfilled(address_space(environment))
    return _files(environment, rows, system_of(environment), choice, (), sheet=for_spreadsheet)


def export_plan(
    plan: GatewayPlan,
    kinds: Sequence[AdapterKind],
    choice: Choice = "sound",
    *,
    for_spreadsheet: bool = False,
) -> Exported:
    """Give the files of a configuration, filled in as it collects.

    One that was made from KOSMO files gives their AAS, names and gateways back, with what was
    changed since; any other gives the AAS that the gateway serves.

    Raises:
        AasError: what a configuration keeps of its KOSMO files is damaged.
        OSError: it cannot be read.
    """
    kept = read_sidecar(plan.folder)
    if kept is None:
        system = own_system(plan, kinds, plan.devices.values())
        own = own_environment([device.asset for device in plan.devices.values()])
        environment, sources = with_cloud_shell(own, system), own_sources(plan, kinds, plan.devices)
        rows = filled_rows(address_space(environment), sources, {})
        return _files(
            environment, rows, system, choice, notes_on(plan, kinds), sheet=for_spreadsheet
        )
    parts = kept_parts(plan, kept, kinds)
    return _files(
        parts.environment, parts.rows, parts.system, choice, parts.notes, sheet=for_spreadsheet
    )


def _files(
    environment: Json,
    rows: Sequence[Row],
    system: SystemConfig,
    choice: Choice,
    notes: Sequence[Problem],
    *,
    sheet: bool,
) -> Exported:
    nodeset, problems = write_nodeset(environment, choice)
    files = {
        NODESET: nodeset,
        TABLE: write_engineering(rows, for_spreadsheet=sheet),
        SYSCFG: write_syscfg(system),
    }
    mapped = sum(row.state == "mapped" for row in rows)
    return Exported(files, (*problems, *notes), len(rows), mapped)

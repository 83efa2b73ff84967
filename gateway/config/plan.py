"""The plan: what a configuration folder means, ready to run. Frozen; equal when nothing changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aas_models.submodels import made_names
from gateway.config.checks import check_folder
from gateway.config.devices import PERCENT, AddressKeys, Device, TagKeys, times_of
from gateway.config.elements import Element, elements_of
from gateway.config.findings import ConfigError, Finding, Report
from gateway.config.halls import devices_in
from gateway.config.ids import (
    OPERATIONAL_DATA,
    STATIC_SUBMODELS,
    Ids,
    submodel_semantic_id,
)
from gateway.config.interface import interface_of
from gateway.config.load import GATEWAY_FILE, DeviceFile, Folder, Overlay, load_folder
from gateway.config.maker_aasx import static_content
from gateway.config.models import HANGUL, GatewayFile
from gateway.config.oee import oee_plan
from gateway.core.assets import Address, AssetInfo, AssetModel, LocalName
from gateway.core.config import LocalText
from gateway.core.kinds import AnyKind, Kinds, SourceContext
from gateway.core.signals import PlanTable, Signal
from gateway.core.time_policy import TimePolicy
from gateway.mapping.rules import XS_FROM_TYPE, Meant, NumberForm, Rule, Said


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """One device; two plans are equal when nothing about the device has changed."""

    name: str
    file: Path
    kind: AnyKind
    source: Any
    """What its kind has made of it."""
    rules: Mapping[int, Rule]
    table: PlanTable
    asset: AssetModel
    times: TimePolicy = TimePolicy()
    seldom: frozenset[int] = frozenset()
    """Signals that may be silent for long."""


@dataclass(frozen=True, slots=True)
class GatewayPlan:
    """All of a configuration.

    `findings` holds the warnings, and with `keep_going` the errors of what was left out.
    `files` are all files that were read or pointed at.
    """

    folder: Path
    settings: GatewayFile
    devices: Mapping[str, DevicePlan]
    findings: tuple[Finding, ...] = field(default=(), compare=False)
    files: tuple[Path, ...] = field(default=(), compare=False)


def load_plan(
    folder: Path,
    data: Path,
    environ: Mapping[str, str],
    kinds: Kinds,
    *,
    keep_going: bool = False,
    overlay: Overlay | None = None,
) -> GatewayPlan:
    """Read a folder and make its plan. No network, no protocol stack.

    Args:
        folder: holds gateway.yaml.
        data: the data folder, for the secret store and the trust folder.
        environ: where `!env` and secrets look.
        kinds: those that devices may be of.
        keep_going: leave out tags and devices that are wrong and plan the rest; their errors are
            then in `findings`. gateway.yaml itself must be right.
        overlay: files as they would be, to see what an edit comes to before it is made.

    Raises:
        ConfigError: with everything that is wrong in all files.
    """
    report = Report()
    read = load_folder(folder, data, environ, kinds, report, keep_going=keep_going, overlay=overlay)
    read.devices = [one for device in read.devices for one in devices_in(device)]
    check_folder(read, kinds)
    elements = {id(device): elements_of(device) for device in read.devices}
    fatal = read.gateway is None or not keep_going or report.errors_in(GATEWAY_FILE)
    if read.gateway is None or (report.has_errors and fatal):
        raise ConfigError(report.findings)
    devices: dict[str, DevicePlan] = {}
    for device in read.devices:
        if not device.spoiled:
            plan = _device_plan(read, read.gateway, device, elements[id(device)], data)
            devices[plan.name] = plan
    return GatewayPlan(folder, read.gateway, devices, report.findings, tuple(read.files))


def _device_plan(
    read: Folder, gateway: GatewayFile, device: DeviceFile, elements: list[Element], data: Path
) -> DevicePlan:
    keys, kind = device.keys, device.kind
    kept = [place for place in range(len(keys.tags)) if place not in device.left_out]
    elements = [elements[place] for place in kept]
    tags: list[TagKeys] = [keys.tags[place] for place in kept]
    info = _asset_info(gateway, keys)
    ids = _submodel_ids(gateway, keys, elements)
    said = [None if kind.reads else tag.type for tag in tags]
    rules = {i: rule for i, tag in enumerate(tags) if (rule := rule_of(tag, said[i])) is not None}
    table = PlanTable(
        keys.device,
        tuple(
            _signal(
                place=place,
                tag=tag,
                source=kind.address(keys, tag),
                rule=rules.get(place),
                reads=kind.reads(tag) if kind.reads else None,
                element=element,
                info=info,
                ids=ids,
            )
            for place, (tag, element) in enumerate(zip(tags, elements, strict=True))
        ),
    )
    return DevicePlan(
        name=keys.device,
        file=device.document.path,
        kind=kind,
        source=kind.make_source(
            SourceContext(
                keys.device, keys, tags, table, gateway.gateway.id, read.path, data, device.share
            )
        ),
        rules=rules,
        table=table,
        asset=AssetModel(
            info=info,
            table=table,
            ids=ids,
            enumerations={i: names for i, tag in enumerate(tags) if (names := _names(tag))},
            display={i: _display(tag) for i, tag in enumerate(tags)},
            interface=interface_of(kind.interface, device, kept, elements),
            static=static_content(device, read, info.asset),
            oee=oee_plan(keys.oee, {tag.name: i for i, tag in enumerate(tags)}),
        ),
        times=times_of(keys),
        seldom=frozenset(i for i, tag in enumerate(tags) if tag.seldom),
    )


def _names(tag: TagKeys) -> dict[int, str]:
    """Give the names of states where `values` is a table of nothing else."""
    pairs = (tag.values or {}).items()
    found = {said: meant for said, meant in pairs if isinstance(said, int)}
    names = {said: meant for said, meant in found.items() if isinstance(meant, str)}
    return names if len(names) == len(pairs) else {}


def _asset_info(gateway: GatewayFile, keys: Device) -> AssetInfo:
    ids = _ids(gateway, keys)
    asset = keys.asset
    return AssetInfo(
        device=keys.device,
        aas=ids.aas(),
        asset=asset.id or ids.asset(),
        label=_local(keys.label) or LocalName(),
        maker=_local(asset.maker),
        model=asset.model,
        serial=asset.serial,
        year=asset.year,
        uri=asset.uri,
        address=_address_of(asset.address),
        family=_local(asset.family),
        order_code=asset.order_code,
        article=asset.article,
        made=asset.made,
        origin=asset.origin,
        hardware=asset.hardware,
        firmware=asset.firmware,
        software=asset.software,
        facility=asset.facility,
    )


def _address_of(keys: AddressKeys) -> Address | None:
    made = Address(
        street=_local(keys.street),
        zip=keys.zip,
        city=_local(keys.city),
        country=keys.country,
        phone=keys.phone,
        email=keys.email,
    )
    return None if made == Address() else made


def _ids(gateway: GatewayFile, keys: Device) -> Ids:
    identity = gateway.gateway
    return Ids(keys.device, identity.business_number or identity.id, identity.id_base)


def _submodel_ids(gateway: GatewayFile, keys: Device, elements: list[Element]) -> dict[str, str]:
    ids = _ids(gateway, keys)
    of_tags = list(dict.fromkeys(element.submodel for element in elements))
    made = made_names(of_tags or (OPERATIONAL_DATA,), lambda key: getattr(keys, key) is not None)
    names = dict.fromkeys((*STATIC_SUBMODELS, OPERATIONAL_DATA, *of_tags, *made))
    return {name: ids.submodel(name) for name in names}


def _local(text: LocalText | None) -> LocalName | None:
    return None if text is None else LocalName(text.ko, text.en)


def _display(tag: TagKeys) -> LocalName:
    if tag.label is not None:
        return LocalName(tag.label.ko, tag.label.en)
    return LocalName(ko=tag.name) if HANGUL.search(tag.name) else LocalName(en=tag.name)


def _signal(
    *,
    place: int,
    tag: TagKeys,
    source: str,
    rule: Rule | None,
    reads: str | None,
    element: Element,
    info: AssetInfo,
    ids: Mapping[str, str],
) -> Signal:
    return Signal(
        index=place,
        device=info.device,
        name=tag.name,
        source=source,
        aas=info.aas,
        asset=info.asset,
        submodel=ids[element.submodel],
        submodel_id_short=element.submodel,
        submodel_semantic_id=submodel_semantic_id(element.submodel),
        element=element.path,
        semantic_id=tag.semantic,
        value_type=(rule and rule.result_type) or (XS_FROM_TYPE[reads] if reads else None),
        unit=tag.unit,
    )


def rule_of(tag: TagKeys, become: str | None) -> Rule | None:
    """Give what a tag asks to be done with its values, None for nothing.

    Args:
        become: the type that they are to become, as a word of `type:`.
    """
    low, high = tag.range or (None, None)
    rule = Rule(
        scale=tag.scale,
        offset=tag.offset,
        expression=tag.expr,
        bit=tag.bit,
        values=None if tag.values is None else tuple(sorted(tag.values.items(), key=_by_said)),
        value_type=None if become is None else XS_FROM_TYPE[become],
        low=low,
        high=high,
        deadband=_band(tag),
        number=None
        if tag.number is None
        else NumberForm(tag.number.decimal, tuple(tag.number.unit)),
    )
    return None if rule == NO_RULE else rule


NO_RULE = Rule()


def _by_said(entry: tuple[Said, Meant]) -> tuple[bool, int, str]:
    """Order numbers before texts: the order in a file is no change of the plan."""
    said, _ = entry
    return (True, 0, said) if isinstance(said, str) else (False, said, "")


def _band(tag: TagKeys) -> float | None:
    """Give a deadband as a number; a percentage is of the declared range (OPC UA Part 8 §7.2)."""
    if isinstance(tag.deadband, str):
        if tag.range is None:
            return None
        low, high = tag.range
        return float(tag.deadband.removesuffix(PERCENT)) / 100 * (high - low)
    return tag.deadband

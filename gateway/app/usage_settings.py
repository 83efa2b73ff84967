"""What the usage room runs from, made of the keys of `usage:`."""

from __future__ import annotations

from pathlib import Path

from gateway.config.usage import KpiDelivery, UsageDelivery, UsageKeys, zone_seconds
from gateway.usage.config import (
    DEFAULT_ORDER,
    DeliveryConfig,
    KpiConfig,
    NormalConfig,
    ReceiverConfig,
)


def log_deliveries(keys: UsageKeys) -> list[UsageDelivery]:
    """Give the keys of the log service."""
    return [entry for entry in keys.deliver if isinstance(entry, UsageDelivery)]


def kpi_deliveries(keys: UsageKeys) -> list[KpiDelivery]:
    """Give the keys of the KPI service."""
    return [entry for entry in keys.deliver if isinstance(entry, KpiDelivery)]


def normal_config(keys: UsageKeys, salt: bytes) -> NormalConfig:
    """Give how events are made normal; `salt` keys the pseudonyms."""
    deliveries = log_deliveries(keys)
    return NormalConfig(
        words=keys.words,
        unknown_word=keys.unknown_word,
        keep_words=keys.keep_words,
        utc_offset_s=zone_seconds(keys.zone),
        twelve_hour=keys.twelve_hour,
        loopback=keys.address.loopback,
        site_address=keys.address.site or "",
        user=deliveries[0].user if deliveries else "pseudonym",
        salt=salt,
        solution=keys.solution,
    )


def receiver_config(keys: UsageKeys, folder: Path) -> ReceiverConfig | None:
    """Give where the receiver listens; `folder` has gateway.yaml."""
    receiver = keys.receiver
    if receiver is None:
        return None
    tls = receiver.tls
    return ReceiverConfig(
        listen=receiver.listen,
        reply=receiver.reply,
        tls_listen="" if tls is None else tls.listen,
        certificate=None if tls is None else folder / tls.certificate,
        private_key=None if tls is None else tls.key,
        check_key=receiver.check_key,
        expected_keys=tuple(str(entry.key) for entry in log_deliveries(keys)),
        origins=tuple(receiver.origins),
    )


def delivery_config(entry: UsageDelivery, folder: Path) -> DeliveryConfig:
    """Give one key of the log service."""
    return DeliveryConfig(
        name=entry.name,
        url=entry.url,
        key=str(entry.key),
        variant=entry.format,
        log_dt=entry.log_dt,
        sample=entry.sample,
        order=tuple((code,) for code in entry.order) or DEFAULT_ORDER,
        ca=_file(folder, entry.ca),
        proxy=entry.proxy,
        lease=_file(folder, entry.lease),
        solutions=tuple(entry.solutions),
        codes=_file(folder, entry.codes),
    )


def kpi_config(entry: KpiDelivery) -> KpiConfig:
    """Give one key of the KPI service."""
    return KpiConfig(entry.name, entry.url, str(entry.key), entry.live, entry.heartbeat)


def _file(folder: Path, name: str | None) -> Path | None:
    return None if name is None else folder / name

"""What the usage room runs from, made of the keys of `usage:`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gateway.config.usage import (
    KpiDelivery,
    UsageColumns,
    UsageDatabase,
    UsageDelivery,
    UsageFile,
    UsageFolder,
    UsageKeys,
    UsageMqtt,
    zone_seconds,
)
from gateway.usage.config import (
    DEFAULT_ORDER,
    Columns,
    DatabaseIntakeConfig,
    DeliveryConfig,
    FileIntakeConfig,
    KpiConfig,
    MqttIntakeConfig,
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


def _columns(entry: UsageColumns) -> Columns:
    fields: dict[str, str | int] = dict(entry.columns.items())
    return Columns(fields, dict(entry.constants.items()))


def file_configs(keys: UsageKeys, folder: Path) -> Iterator[FileIntakeConfig]:
    """Give the files that grow, then the folders."""
    for entry in (*keys.files, *keys.folders):
        yield _file_config(entry, folder)


def _file_config(entry: UsageFile, folder: Path) -> FileIntakeConfig:
    drop = isinstance(entry, UsageFolder)
    return FileIntakeConfig(
        name=entry.name,
        path=str(folder / entry.path),
        mode="drop" if drop else "tail",
        format=entry.format,
        encoding=entry.encoding,
        columns=_columns(entry),
        header=entry.header,
        pattern=entry.pattern or "",
        after=entry.after if isinstance(entry, UsageFolder) else "keep",
        every_s=entry.every,
        solution=entry.solution or "",
    )


def database_config(entry: UsageDatabase, folder: Path) -> DatabaseIntakeConfig:
    """Give one table; an SQLite file is relative to the folder of gateway.yaml."""
    kind, _, place = entry.connect.partition(":")
    url = f"sqlite:{folder / place}" if kind == "sqlite" else entry.connect
    flag = entry.flag
    base = DatabaseIntakeConfig(
        name=entry.name,
        url=url,
        table=entry.table,
        key_column=entry.key,
        columns=_columns(entry),
        user=entry.user or "",
        password=str(entry.password or ""),
        watermark=entry.watermark or "",
        read_only=entry.read_only,
        encoding=entry.encoding,
        every_s=entry.every,
        solution=entry.solution or "",
    )
    if flag is None:
        return base
    return replace(
        base,
        flag=flag.column,
        pending=flag.pending,
        stored=flag.stored,
        failed=flag.failed,
        sampled_out=flag.sampled_out,
        expired=flag.expired,
        code_column=flag.code or "",
        time_column=flag.time or "",
    )


def mqtt_config(entry: UsageMqtt, folder: Path) -> MqttIntakeConfig:
    """Give one topic."""
    return MqttIntakeConfig(
        name=entry.name,
        url=entry.connect,
        topic=entry.topic,
        columns=_columns(entry),
        user=entry.user,
        password=None if entry.password is None else str(entry.password),
        ca=_file(folder, entry.ca),
        solution=entry.solution or "",
    )

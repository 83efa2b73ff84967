"""Events of MQTT brokers and their messages."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def subscription_refused(device: str, topic: str, reason: str) -> None:
    emit(
        Level.ERROR,
        "subscription_refused",
        repeat_key=f"{device} {topic}",
        device=device,
        topic=topic,
        reason=reason,
    )


def subscription_granted(device: str, topic: str) -> None:
    emit(Level.INFO, "subscription_granted", device=device, topic=topic)


def subscription_weakened(device: str, topic: str, qos: int) -> None:
    emit(
        Level.WARNING,
        "subscription_weakened",
        repeat_key=f"{device} {topic}",
        device=device,
        topic=topic,
        qos=qos,
    )


def topic_unmatched(device: str, topic: str) -> None:
    emit(
        Level.WARNING,
        "topic_unmatched",
        repeat_key=device,
        device=device,
        topic=topic,
    )


def time_unreadable(device: str, signal: str) -> None:
    emit(
        Level.WARNING,
        "time_unreadable",
        repeat_key=f"{device} {signal}",
        device=device,
        signal=signal,
    )

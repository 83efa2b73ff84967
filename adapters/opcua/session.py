"""A session that was cut off, and its way into the file that outlives the process and back."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from adapters.opcua.config import OpcUaSource
from adapters.opcua.handles import Handles
from adapters.opcua.items import ItemState
from adapters.opcua.library import (
    Buffer,
    UaError,
    nodeid_from_binary,
    nodeid_to_binary,
    struct_from_binary,
    struct_to_binary,
    ua,
)
from adapters.opcua.link import Link
from adapters.opcua.opening import Ticket
from adapters.opcua.session_file import Mark, SavedItem, SavedSession
from adapters.opcua.stream import Progress
from adapters.opcua.timeline import Memory, PublishClock
from gateway.core.types import UnixNs


@dataclass(frozen=True, slots=True)
class Session:
    """A session that was cut off, with all that is needed to go on with its subscription.

    `fits` is False when its items are not those that are wanted now: then the session is taken up
    to get rid of its subscription, and no more.
    """

    ticket: Ticket
    progress: Progress
    states: list[ItemState]
    fits: bool = True


def terms(source: OpcUaSource) -> str:
    """Give the settings of a session in one text; under others it is not taken up again."""
    return json.dumps(
        [
            source.url,
            source.application_uri,
            source.mode,
            source.policy,
            source.user,
            None if source.user_certificate is None else str(source.user_certificate),
            source.publishing_s,
            source.keepalive_s,
            source.lifetime_s,
            source.session_timeout_s,
            source.stall_tolerance_s,
        ]
    )


def saved(
    link: Link, progress: Progress, states: list[ItemState], memory: Memory, source: OpcUaSource
) -> SavedSession:
    """Give what has to be written down of a running session."""
    ticket = link.ticket()
    return SavedSession(
        terms=terms(source),
        key=progress.key,
        token=nodeid_to_binary(ticket.token),
        nonce=ticket.nonce,
        policies=[struct_to_binary(policy) for policy in ticket.policies],
        certificate=ticket.certificate,
        started=link.started,
        namespaces=list(link.namespaces),
        subscription=progress.subscription,
        keepalive_s=progress.keepalive_s,
        items=[
            SavedItem(
                s.item.address,
                s.item.sampling_s,
                s.item.queue,
                s.handle,
                s.monitored,
                s.lacking,
            )
            for s in states
        ],
        missing={address: int(since) for address, since in memory.missing.items()},
    )


def restored(
    session: SavedSession, mark: Mark | None, source: OpcUaSource, memory: Memory
) -> Session | None:
    """Give the session of a process before this one and fill the memory with what it knew.

    None when it was made under other settings, when nobody knows how far it came, or when it
    cannot be understood.
    """
    for address, since in session.missing.items():
        memory.missing.setdefault(address, UnixNs(since))
    if mark is None or session.terms != terms(source):
        return None
    try:
        ticket = _ticket(session)
    except (UaError, ValueError, IndexError, TypeError, KeyError, EOFError, AttributeError):
        return None  # what the library raises at bytes that are not what they should be
    memory.started, memory.namespaces = session.started, list(session.namespaces)
    memory.source_clock.recall(mark.ahead)
    memory.server_ahead = None if mark.distance is None else -mark.distance
    dated = UnixNs(mark.dated)
    progress = Progress(
        session.subscription,
        session.keepalive_s,
        expected=mark.settled,
        settled=mark.settled,
        dated=dated,
        durable=dated,
        key=session.key,
        clock=PublishClock(mark.distance),
    )
    states = _states(session, source, memory.handles)
    return Session(ticket, progress, states or [], fits=states is not None)


def _ticket(session: SavedSession) -> Ticket:
    token = nodeid_from_binary(Buffer(session.token))
    policies: list[Any] = [
        struct_from_binary(ua.UserTokenPolicy, Buffer(policy)) for policy in session.policies
    ]
    return Ticket(token, session.nonce, policies, session.certificate)


def _states(session: SavedSession, source: OpcUaSource, handles: Handles) -> list[ItemState] | None:
    """Give the items with the handles that the server knows; None when a wanted one is missing.

    An item that the server may have made after the file was written gets another handle: what the
    server sends with the old one is then nobody's.
    """
    wanted = {(item.address, item.sampling_s, item.queue): item for item in source.items}
    there = Counter(item.key for item in session.items)
    needed = Counter((item.address, item.sampling_s, item.queue) for item in source.items)
    live = [item for item in session.items if item.monitored is not None and item.key in wanted]
    if needed - there or not handles.reserve([item.handle for item in live]):
        return None
    states = []
    for item in session.items:
        if item.key in wanted:
            known = wanted[item.key]
            handle = handles.take(1) if item.monitored is None else item.handle
            name = source.plan.signals[known.index].name
            state = ItemState(known, handle, name, monitored=item.monitored)
            if item.monitored is not None:
                state.lacking = item.lacking
            states.append(state)
    return states

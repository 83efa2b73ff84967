"""The commands and where each lives: a name is imported when it is called, so help is at once."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One command or group: its module, the object in it, and its line in `gateway --help`."""

    module: str
    member: str
    text: str


COMMANDS: dict[str, Entry] = {
    "demo": Entry("demo", "demo", "Show on this PC alone that nothing is lost."),
    "check": Entry("check", "check", "Check a configuration; --live proves every tag."),
    "run": Entry("run", "run", "Collect, keep and forward, until stopped."),
    "status": Entry("status", "status", "Show devices, destinations and what to do next."),
    "tail": Entry("tail", "tail", "Show values as they come."),
    "trace": Entry("trace", "trace", "Follow one value from machine to destinations."),
    "top": Entry("top", "top", "Show everything in motion."),
    "ping": Entry("ping", "ping", "End with 0 when the service lives, else with 3."),
    "spool": Entry("spool", "app", "What waits, what was refused, sending it again."),
    "usage": Entry("usage", "app", "Usage logs of solutions: the ledger and its proof."),
    "history": Entry("history", "app", "Values of the embedded history."),
    "backfill": Entry("backfill", "backfill", "Send a time span from history again."),
    "aas": Entry("aas", "app", "Asset Administration Shells of the devices."),
    "trust": Entry("trust", "app", "Trust or refuse the certificates of servers."),
    "secrets": Entry("secrets", "app", "Passwords and keys that no file holds."),
    "users": Entry("users", "app", "Who may use the HTTP side."),
    "config": Entry("config", "app", "Schemas for editors; what a configuration means."),
    "explain": Entry(
        "explain", "explain", "What a code such as E1203, or a reason, means, offline."
    ),
    "sim": Entry("sim", "app", "Simulated machines, broker and platform."),
    "version": Entry("version", "version", "Versions, for a question to support."),
}

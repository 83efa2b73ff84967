"""What the spool counts of each device: the side of the conservation law that the intake is not."""

from __future__ import annotations

from gateway.core.accounts import DeviceAccount
from gateway.core.records import Batch, Item, Rejected

DeviceCounts = dict[str, list[int]]
"""Samples and unreadable messages by device."""


def count_item(counts: DeviceCounts, item: Item) -> None:
    """Add an item that a device brought."""
    if isinstance(item, Batch):
        device, place, number = item.plan.device, 0, len(item.signals)
    elif isinstance(item, Rejected):
        device, place, number = item.device, 1, 1
    else:
        return
    known = counts.get(device)
    if known is None:
        known = counts[device] = [0, 0]
    known[place] += number


class DeviceAccounts:
    """The accounts of all devices; belongs to the event loop."""

    def __init__(self) -> None:
        self.of: dict[str, DeviceAccount] = {}

    def account(self, device: str) -> DeviceAccount:
        """Give the account of a device, a new one where there is none."""
        return self.of.setdefault(device, DeviceAccount())

    def add(self, counts: DeviceCounts, late: DeviceCounts) -> None:
        """Add what was committed, and what of it nobody waited for any more."""
        for device, (samples, rejected) in counts.items():
            account = self.account(device)
            account.spooled += samples
            account.rejected += rejected
        for device, counted in late.items():
            self.account(device).late += sum(counted)

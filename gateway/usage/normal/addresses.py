"""Makes the address of a user's computer fit: an IP address of at most 30 characters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from gateway.usage.config import NormalConfig
from gateway.usage.normal.plain import cut, is_placeholder, plain_text
from gateway.usage.rules.lints import Lint

LENGTH_MAX = 30
"""Source: field `conectIp` of the service. A full IPv6 address has 39."""

_IPV4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?::\d{1,5})?", re.ASCII)
_IPV6 = re.compile(r"\[?([0-9A-Fa-f:.]+)(?:%[\w.-]+)?(?:\](?::\d{1,5})?)?", re.ASCII)
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "local", "(local)"})
_LOOPBACK = IPv4Address("127.0.0.1")


@dataclass(frozen=True, slots=True)
class Address:
    """What is sent as `conectIp`, and what was noticed."""

    text: str
    lints: tuple[Lint, ...] = ()


class Addresses:
    """Reads addresses and replaces those that say nothing."""

    def __init__(self, config: NormalConfig) -> None:
        """Raises: ValueError where `site_address` is no IP address that fits."""
        self._policy = config.loopback
        self._site = _usable(config.site_address)
        if config.site_address and not self._site:
            raise ValueError(
                f"site_address: {config.site_address!r} is not an address of a machine"
            )

    def address_of(self, text: str, peer: str) -> Address | None:
        """Give the address to send; None where there is none, or a loopback one is refused.

        `text` may be blank; `peer` is where the event came from, "" when nobody knows. Never
        raises.
        """
        plain = plain_text(text)
        if not plain or is_placeholder(plain):
            better = self._better(peer)
            return Address(better, (Lint.ADDRESS_BLANK,)) if better else None
        found = _first(plain)
        if found is None:
            better = self._better(peer)
            return Address(better or cut(plain, LENGTH_MAX), (Lint.ADDRESS_INVALID,))
        if found.is_loopback or found.is_unspecified:
            return self._of_loopback(found, plain, peer)
        sent, lints = _fitting(found), []
        if ip_text(found) != sent:
            lints.append(Lint.ADDRESS_SHORTENED)
        elif sent != plain:
            lints.append(Lint.ADDRESS_FORM)
        return Address(sent, tuple(lints))

    def _of_loopback(
        self, found: IPv4Address | IPv6Address, plain: str, peer: str
    ) -> Address | None:
        if self._policy == "refuse":
            return None
        better = self._better(peer)
        if better:
            return Address(better, (Lint.LOOPBACK_REPLACED,))
        form = [Lint.ADDRESS_FORM] if str(found) != plain else []
        return Address(str(found), (Lint.LOOPBACK_KEPT, *form))

    def _better(self, peer: str) -> str:
        """Give what stands for an address that says nothing; "" when there is nothing better."""
        if self._policy == "refuse":
            return ""
        caller = _usable(peer)
        return (self._site or caller) if self._policy == "site" else (caller or self._site)


def _usable(text: str) -> str:
    found = _first(plain_text(text)) if text else None
    if found is None or found.is_loopback or found.is_unspecified:
        return ""
    return _fitting(found)


def ip_text(address: IPv4Address | IPv6Address) -> str:
    """Give an address in its usual short form."""
    return str(address)


def _first(text: str) -> IPv4Address | IPv6Address | None:
    """Read the first address of a list as proxies write it that is not loopback, else the first."""
    found = [each for part in text[:400].split(",") if (each := _parsed(part.strip()))]
    return next((each for each in found if not each.is_loopback), found[0] if found else None)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    if text.casefold() in _LOCAL_NAMES:
        return _LOOPBACK
    numbers = _IPV4.fullmatch(text)
    try:
        if numbers:
            # leading zeros are decimal here: nobody writes octal addresses into a log
            address: IPv4Address | IPv6Address = ip_address(
                ".".join(str(int(part)) for part in numbers.groups())
            )
        else:
            long = _IPV6.fullmatch(text)
            if long is None or ":" not in text:
                return None
            address = ip_address(long[1])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return None if address.is_multicast or str(address) == "255.255.255.255" else address


def _fitting(address: IPv4Address | IPv6Address) -> str:
    """Give an address, or of one that is too long its network of 64 bits, which tells the site."""
    text = str(address)
    if len(text) <= LENGTH_MAX:
        return text
    return str(ip_network(f"{address}/64", strict=False).network_address)

"""Reads the parts of a certificate that are needed, also where it breaks the rules of DER.

Controls write certificates with default values spelled out, lengths in more bytes than needed,
times without seconds. A strict parser refuses all of it, although key and dates stand there. Here
only the way to them is followed; nothing is believed because of what is found: trust is in the
fingerprint of the raw bytes.

Source: ITU-T X.690 §8 (BER, which is what such bytes are), RFC 5280 §4.1 (fields of a certificate),
RFC 8017 A.1.1 (RSA key).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa

SEQUENCE, INTEGER, BIT_STRING, OID = 0x30, 0x02, 0x03, 0x06
VERSION = 0xA0
DEPTH_MAX = 12
"""A certificate nests less deep; only lengths that are left open make us look inside."""
KEY_BITS_MIN, KEY_BITS_MAX = 1024, 16_384
RSA_KEYS = (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")
"""rsaEncryption and id-RSASSA-PSS."""
_NAMES = {b"\x55\x04\x03": "CN", b"\x55\x04\x0a": "O", b"\x55\x04\x0b": "OU", b"\x55\x04\x06": "C"}
_TIME = re.compile(r"(\d{10,14})(?:[.,]\d+)?(Z|[+-]\d{4})?")
UTC_TIME = 0x17


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value; `size` counts its head and a closing mark, too."""

    tag: int
    body: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What could be read; None or empty what could not. Times are UTC."""

    key: rsa.RSAPublicKey | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    subject: str = ""
    issuer: str = ""


def element(data: bytes, at: int = 0, depth: int = 0) -> Element:
    """Read the element that begins at `at`. Raises ValueError when it does not end in `data`."""
    start, tag = at, _byte(data, at)
    at += 1
    if tag & 0x1F == 0x1F:
        while _byte(data, at) & 0x80:
            at += 1
        at += 1
    first = _byte(data, at)
    at += 1
    if first == 0x80:
        return _open_ended(data, start, at, tag, depth)
    size = first
    if first & 0x80:
        size = int.from_bytes(data[at : at + (first & 0x7F)], "big")
        at += first & 0x7F
    if at + size > len(data):
        raise ValueError("an element is longer than what is there")
    return Element(tag, data[at : at + size], at + size - start)


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise ValueError("the bytes end inside an element")
    return data[at]


def _open_ended(data: bytes, start: int, at: int, tag: int, depth: int) -> Element:
    """Read an element whose end is marked by two zero bytes."""
    if depth >= DEPTH_MAX:
        raise ValueError("nested too deep")
    begin = at
    while data[at : at + 2] != b"\x00\x00":
        at += element(data, at, depth + 1).size
    return Element(tag, data[begin:at], at + 2 - start)


def elements(data: bytes) -> list[Element]:
    """Read elements that stand one after the other. Raises ValueError."""
    found, at = [], 0
    while at < len(data):
        found.append(element(data, at))
        at += found[-1].size
    return found


def first_element(data: bytes) -> bytes:
    """Give the bytes of the first element; all of them where it cannot be told."""
    try:
        return data[: element(data).size]
    except ValueError:
        return data


def read_parts(certificate: bytes) -> Parts:
    """Give what can be read of a certificate; never raises."""
    try:
        fields = elements(elements(element(certificate).body)[0].body)
    except (ValueError, IndexError):
        return Parts(key=_key_anywhere(certificate))
    if fields and fields[0].tag == VERSION:
        fields = fields[1:]
    if len(fields) < 6:
        return Parts(key=_key_anywhere(certificate))
    _serial, _algorithm, issuer, validity, subject, key = fields[:6]
    begin, end = _validity(validity.body)
    found = _key(key.body) or _key_anywhere(certificate)
    return Parts(found, begin, end, _name(subject.body), _name(issuer.body))


def _key(body: bytes) -> rsa.RSAPublicKey | None:
    """Read what is inside a SubjectPublicKeyInfo."""
    try:
        algorithm, bits = elements(body)[:2]
        kind = elements(algorithm.body)[0]
        if kind.tag != OID or kind.body not in RSA_KEYS or bits.tag != BIT_STRING:
            return None
        modulus, exponent = elements(element(bits.body, 1).body)[:2]
        # Read without a sign: to leave away the zero byte in front is one of the usual faults.
        numbers = int.from_bytes(exponent.body, "big"), int.from_bytes(modulus.body, "big")
        if not KEY_BITS_MIN <= numbers[1].bit_length() <= KEY_BITS_MAX:
            return None
        return rsa.RSAPublicNumbers(*numbers).public_key()
    except (ValueError, IndexError):
        return None


def _key_anywhere(certificate: bytes) -> rsa.RSAPublicKey | None:
    """Look for a key where the fields around it do not lead to it."""
    at = -1
    for name in RSA_KEYS:
        mark = bytes([OID, len(name)]) + name
        while (at := certificate.find(mark, at + 1)) >= 0:
            for head in (2, 3, 4):  # bytes in front of it: tag and length of the algorithm
                if at >= head and certificate[at - head] == SEQUENCE:
                    found = _key(_tail(certificate, at - head))
                    if found is not None:
                        return found
    return None


def _tail(data: bytes, at: int) -> bytes:
    """Give the two elements that begin here as far as they can be read."""
    try:
        first = element(data, at)
        second = element(data, at + first.size)
    except ValueError:
        return b""
    return data[at : at + first.size + second.size]


def _validity(body: bytes) -> tuple[datetime | None, datetime | None]:
    try:
        begin, end = elements(body)[:2]
    except ValueError:
        return None, None
    return _time(begin), _time(end)


def _time(found: Element) -> datetime | None:
    """Read a UTCTime or GeneralizedTime, with or without seconds, under either tag."""
    match = _TIME.fullmatch(found.body.decode("ascii", "replace").strip("\x00 "))
    if match is None:
        return None
    digits, zone = match.groups()
    if len(digits) == 10 or (len(digits) == 12 and found.tag == UTC_TIME):
        century = "19" if digits >= "50" else "20"  # RFC 5280 §4.1.2.5.1
        digits = century + digits
    try:
        local = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        if zone in (None, "Z"):
            return local
        ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        return local - ahead if zone[0] == "+" else local + ahead
    except (ValueError, OverflowError):
        return None


def _name(body: bytes) -> str:
    """Give a name like `CN=press,O=Hanil`; what is not known is left out."""
    found: list[str] = []
    try:
        for part in elements(body):
            for pair in elements(part.body):
                kind, text = elements(pair.body)[:2]
                if kind.body in _NAMES:
                    words = text.body.decode("utf-8", "replace")
                    found.append(f"{_NAMES[kind.body]}={words}")
    except ValueError:
        pass  # what was read until here still helps a person
    return ",".join(reversed(found))

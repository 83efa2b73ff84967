"""Certificates as strange devices write them: right ones, and such that break the rules of DER."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
DER = serialization.Encoding.DER
SEQUENCE, EXTENSIONS, VERSION = 0x30, 0xA3, 0xA0
FALSE = b"\x01\x01\x00"
Part = tuple[int, bytes]
Change = Callable[[list[Part]], list[Part]]


def right(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY, days: int = 10) -> bytes:
    """Give a certificate without a fault that ends in so many days."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "press")])
    now = datetime.now(UTC)
    uri = x509.UniformResourceIdentifier("urn:plant:line")
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
    )
    return made.sign(key, hashes.SHA256()).public_bytes(DER)


def tlv(tag: int, body: bytes, *, wide: int = 0) -> bytes:
    """Write an element; `wide` bytes of length where fewer would do."""
    size = len(body)
    if not wide and size < 128:
        return bytes([tag, size]) + body
    width = wide or (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, "big") + body


def parts(data: bytes) -> list[Part]:
    found, at = [], 0
    while at < len(data):
        size, head = data[at + 1], 2
        if size & 0x80:
            width = size & 0x7F
            size, head = int.from_bytes(data[at + 2 : at + 2 + width], "big"), 2 + width
        found.append((data[at], data[at + head : at + head + size]))
        at += head + size
    return found


def joined(found: list[Part], *, wide: int = 0) -> bytes:
    return b"".join(tlv(tag, body, wide=wide) for tag, body in found)


def changed(change: Change, *, wide: int = 0) -> bytes:
    """Give a certificate whose fields were changed, signed anew."""
    signed, algorithm, _ = parts(parts(right())[0][1])
    inside = tlv(SEQUENCE, joined(change(parts(signed[1])), wide=wide), wide=wide)
    signature = KEY.sign(inside, padding.PKCS1v15(), hashes.SHA256())
    return tlv(SEQUENCE, inside + tlv(*algorithm) + tlv(0x03, b"\x00" + signature))


def _put(place: int, tag: int, body: bytes) -> Change:
    return lambda found: [*found[:place], (tag, body), *found[place + 1 :]]


def _default_said(found: list[Part]) -> list[Part]:
    listed = parts(parts(found[-1][1])[0][1])
    name, *rest = parts(listed[0][1])
    first = tlv(SEQUENCE, tlv(*name) + FALSE + joined(rest))
    return [*found[:-1], (EXTENSIONS, tlv(SEQUENCE, first + joined(listed[1:])))]


def _twice(found: list[Part]) -> list[Part]:
    listed = parts(parts(found[-1][1])[0][1])
    return [*found[:-1], (EXTENSIONS, tlv(SEQUENCE, joined([*listed, *listed])))]


def _times(tag: int, form: str) -> Change:
    now = datetime.now(UTC)
    begin, end = (now + timedelta(days=days) for days in (-60, 10))
    both = tlv(tag, begin.strftime(form).encode()) + tlv(tag, end.strftime(form).encode())
    return _put(4, SEQUENCE, both)


def _signed_modulus(found: list[Part]) -> list[Part]:
    algorithm, bits = parts(found[6][1])
    modulus, exponent = parts(parts(bits[1][1:])[0][1])
    key = tlv(SEQUENCE, tlv(2, modulus[1].lstrip(b"\x00")) + tlv(*exponent))
    return _put(6, SEQUENCE, tlv(*algorithm) + tlv(3, b"\x00" + key))(found)


def _open_ended(raw: bytes) -> bytes:
    return b"\x30\x80" + parts(raw)[0][1] + b"\x00\x00"


ODD: dict[str, Callable[[], bytes]] = {
    "a default value that is spelled out": lambda: changed(_default_said),
    "an extension that stands there twice": lambda: changed(_twice),
    "lengths in more bytes than needed": lambda: changed(lambda found: found, wide=3),
    "a serial number below zero": lambda: changed(_put(1, 2, b"\x81")),
    "an empty serial number": lambda: changed(_put(1, 2, b"")),
    "a version that does not exist": lambda: changed(_put(0, VERSION, b"\x02\x01\x07")),
    "times without seconds": lambda: changed(_times(0x17, "%y%m%d%H%MZ")),
    "times with a zone": lambda: changed(_times(0x17, "%y%m%d%H%M%S+0000")),
    "long times under the short tag": lambda: changed(_times(0x17, "%Y%m%d%H%M%SZ")),
    "a modulus without its sign byte": lambda: changed(_signed_modulus),
    "no extensions under version 3": lambda: changed(lambda found: found[:-1]),
    "an end that is only marked": lambda: _open_ended(right()),
}
"""Faults that leave the key readable. Some of them cryptography takes without a word."""

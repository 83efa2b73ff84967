"""Certificates that break the rules of their encoding are read as far as a person needs it."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from adapters.opcua.der import first_element
from adapters.opcua.server_certificate import (
    CERTIFICATE_BYTES_MAX,
    first_certificate,
    read_certificate,
)
from adapters.opcua.transport import LinkClient
from tests.services.certificates import KEY, ODD, changed, right, tlv

NUMBERS = KEY.public_key().public_numbers()


@pytest.mark.parametrize("fault", ODD)
def test_a_fault_of_the_encoding_hides_neither_key_nor_dates(fault: str) -> None:
    raw = ODD[fault]()
    found = read_certificate(raw)
    assert found.key is not None
    assert found.key.public_numbers() == NUMBERS
    assert found.fingerprint == hashlib.sha256(raw).hexdigest()
    assert found.valid_until is not None
    left = found.valid_until - datetime.now(UTC)
    assert timedelta(days=9, hours=23) < left < timedelta(days=10, seconds=1)
    assert found.subject == "CN=press"
    assert found.public_bytes() == raw


def test_what_a_strict_parser_refuses_is_called_malformed_and_only_that() -> None:
    refused = {fault for fault, make in ODD.items() if read_certificate(make()).malformed}
    assert {"a default value that is spelled out", "times without seconds"} <= refused
    assert not read_certificate(right()).malformed
    assert read_certificate(right()).uris == ("urn:plant:line",)


def test_a_key_of_another_kind_is_no_fault_and_no_use() -> None:
    found = read_certificate(right(ec.generate_private_key(ec.SECP256R1())))
    assert (found.malformed, found.key) == (False, None)


@pytest.mark.parametrize("raw", [b"", b"\x30", b"no certificate at all", b"\x30\x80", b"\x30" * 99])
def test_bytes_that_are_no_certificate_are_malformed_and_have_no_key(raw: bytes) -> None:
    found = read_certificate(raw)
    assert (found.malformed, found.key, found.valid_until) == (True, None, None)


def test_damaged_bytes_never_raise_and_never_take_long() -> None:
    chance = random.Random(7)
    for make in (right, ODD["a default value that is spelled out"]):
        raw = make()
        for _ in range(2_000):
            place = chance.randrange(len(raw))
            broken = raw[:place] + bytes([chance.randrange(256)]) + raw[place + 1 :]
            read_certificate(broken[: chance.randrange(place, len(raw)) + 1])


def test_a_key_is_found_where_the_fields_around_it_do_not_lead_to_it() -> None:
    shortened = changed(lambda found: [found[1], found[6]])
    found = read_certificate(shortened)
    assert found.malformed
    assert found.key is not None
    assert found.key.public_numbers() == NUMBERS


def test_a_password_is_encrypted_for_a_certificate_with_a_fault() -> None:
    raw = ODD["a default value that is spelled out"]()
    client = LinkClient("opc.tcp://h:4840", 1.0)
    inside: Any = client
    inside.security_policy.peer_certificate, inside._server_nonce = raw, b"nonce"
    policy = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"
    sealed, algorithm = inside._encrypt_password("열쇠", policy)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    secret = "열쇠".encode() + b"nonce"
    assert KEY.decrypt(sealed, oaep) == len(secret).to_bytes(4, "little") + secret
    assert algorithm == "http://www.w3.org/2001/04/xmlenc#rsa-oaep"


def test_what_is_too_large_is_not_read() -> None:
    raw = tlv(0x30, bytes(CERTIFICATE_BYTES_MAX))
    assert read_certificate(raw).malformed


def test_of_a_chain_the_first_one_is_taken_whatever_its_lengths_look_like() -> None:
    for make in (right, *ODD.values()):
        raw = make()
        assert first_certificate(raw + right(days=3)) == raw
        assert first_certificate(raw + b"\x00\x00") == raw
    assert first_element(b"\x30\x05ab") == b"\x30\x05ab"

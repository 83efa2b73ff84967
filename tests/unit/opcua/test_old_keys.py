"""Keys of a secure channel that was renewed, with the library's own cryptography."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
from asyncua.common.connection import TransportLimits
from asyncua.crypto.security_policies import Cryptography, SecurityPolicyBasic256Sha256

from adapters.opcua.library import ua
from adapters.opcua.transport import Channel

LIFE_MS = 8_000


def answer(token: int) -> Any:
    made = ua.OpenSecureChannelResult()
    made.SecurityToken.TokenId, made.SecurityToken.RevisedLifetime = token, LIFE_MS
    made.ServerNonce = bytes([token]) * 32
    return made


def test_what_was_signed_with_the_old_keys_is_taken_a_quarter_longer_than_they_live() -> None:
    """Without that, a server that is slow to take the new keys ended the connection."""
    policy = SecurityPolicyBasic256Sha256.__new__(SecurityPolicyBasic256Sha256)
    crypto = policy.symmetric_cryptography = cast("Any", Cryptography)()
    channel = Channel(policy, TransportLimits(65535, 65535, 1, 65535))
    began = time.monotonic()
    channel.set_channel(answer(1), ua.SecurityTokenRequestType.Issue, b"c" * 32)
    channel.set_channel(answer(2), ua.SecurityTokenRequestType.Renew, b"d" * 32)
    channel.revolve_tokens()
    assert crypto.Prev_Verifier is not None
    lives_s = crypto.prev_key_expiration - began
    assert lives_s == pytest.approx(LIFE_MS / 1000 * 1.25, abs=1.0)

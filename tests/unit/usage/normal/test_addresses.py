"""Addresses fit into 30 characters and say where the user sits, as far as anybody knows."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.usage.normal.addresses import Addresses
from gateway.usage.rules.lints import Lint
from tests.unit.usage.normal.support import config

PEER = "10.0.0.7"
LONG = "2001:db8:1234:5678:9abc:def0:1234:5678"
FORMS = [
    ("192.168.0.21", "192.168.0.21", ()),
    ("8.8.8.8", "8.8.8.8", ()),
    ("2001:db8::1", "2001:db8::1", ()),
    (" 192.168.0.21 ", "192.168.0.21", ()),
    ("192.168.0.21:51234", "192.168.0.21", (Lint.ADDRESS_FORM,)),
    ("192.168.000.021", "192.168.0.21", (Lint.ADDRESS_FORM,)),
    ("::ffff:192.168.0.21", "192.168.0.21", (Lint.ADDRESS_FORM,)),
    ("::FFFF:c0a8:0015", "192.168.0.21", (Lint.ADDRESS_FORM,)),
    ("[2001:db8::1]:8080", "2001:db8::1", (Lint.ADDRESS_FORM,)),
    ("fe80::1%eth0", "fe80::1", (Lint.ADDRESS_FORM,)),
    ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1", (Lint.ADDRESS_FORM,)),
    ("192.168.0.21, 10.0.0.1", "192.168.0.21", (Lint.ADDRESS_FORM,)),
    ("127.0.0.1, 192.168.0.21", "192.168.0.21", (Lint.ADDRESS_FORM,)),
    (LONG, "2001:db8:1234:5678::", (Lint.ADDRESS_SHORTENED,)),
    ("127.0.0.1", PEER, (Lint.LOOPBACK_REPLACED,)),
    ("127.1.2.3", PEER, (Lint.LOOPBACK_REPLACED,)),
    ("::1", PEER, (Lint.LOOPBACK_REPLACED,)),
    ("0:0:0:0:0:0:0:1", PEER, (Lint.LOOPBACK_REPLACED,)),
    ("::ffff:127.0.0.1", PEER, (Lint.LOOPBACK_REPLACED,)),
    ("localhost", PEER, (Lint.LOOPBACK_REPLACED,)),
    ("0.0.0.0", PEER, (Lint.LOOPBACK_REPLACED,)),
    ("", PEER, (Lint.ADDRESS_BLANK,)),
    ("null", PEER, (Lint.ADDRESS_BLANK,)),
    ("PC-0123", PEER, (Lint.ADDRESS_INVALID,)),
    ("999.1.1.1", PEER, (Lint.ADDRESS_INVALID,)),
    ("255.255.255.255", PEER, (Lint.ADDRESS_INVALID,)),
    ("224.0.0.1", PEER, (Lint.ADDRESS_INVALID,)),
    ("1.2.3", PEER, (Lint.ADDRESS_INVALID,)),
]


@pytest.mark.parametrize(("text", "sent", "lints"), FORMS)
def test_an_address_in_this_form_is_sent_so(text: str, sent: str, lints: tuple[Lint, ...]) -> None:
    found = Addresses(config()).address_of(text, PEER)
    assert found is not None
    assert (found.text, found.lints) == (sent, lints)


def test_loopback_becomes_the_callers_the_sites_or_unfit() -> None:
    both = {"site_address": "211.34.5.6"}
    peer_first = Addresses(config(**both)).address_of("::1", PEER)
    site_first = Addresses(config(loopback="site", **both)).address_of("::1", PEER)
    assert peer_first is not None
    assert site_first is not None
    assert (peer_first.text, site_first.text) == (PEER, "211.34.5.6")
    assert Addresses(config(loopback="refuse", **both)).address_of("::1", PEER) is None


@pytest.mark.parametrize("peer", ["", "127.0.0.1", "::1", "unix"])
def test_where_the_caller_says_nothing_either_the_site_is_sent_or_loopback_kept(peer: str) -> None:
    site = Addresses(config(site_address="211.34.5.6")).address_of("127.0.0.1", peer)
    none = Addresses(config()).address_of("127.0.0.1", peer)
    assert site is not None
    assert none is not None
    assert (site.text, site.lints) == ("211.34.5.6", (Lint.LOOPBACK_REPLACED,))
    assert (none.text, none.lints) == ("127.0.0.1", (Lint.LOOPBACK_KEPT,))
    assert Addresses(config()).address_of("", peer) is None


def test_a_machines_name_is_kept_where_nothing_better_is_known() -> None:
    found = Addresses(config()).address_of("사무실-PC-" + "x" * 40, "")
    assert found is not None
    assert len(found.text) == 30
    assert found.lints == (Lint.ADDRESS_INVALID,)


def test_a_callers_long_or_mapped_address_is_made_fit_too() -> None:
    for peer, sent in [(LONG, "2001:db8:1234:5678::"), ("::ffff:10.0.0.7", PEER)]:
        found = Addresses(config()).address_of("127.0.0.1", peer)
        assert found is not None
        assert found.text == sent


@pytest.mark.parametrize("wrong", ["127.0.0.1", "factory", "1.2.3"])
def test_a_site_address_that_says_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="site_address"):
        Addresses(config(site_address=wrong))


TEXTS = st.one_of(
    st.text(max_size=80),
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda each: each.exploded),
    st.text("0123456789abcdf:.[]%, ", max_size=45),
)


@settings(deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(["peer", "site", "refuse"]))
def test_any_text_gives_a_fitting_address_or_none(text: str, peer: str, loopback: str) -> None:
    found = Addresses(config(loopback=loopback)).address_of(text, peer)
    if found is not None:
        assert 1 <= len(found.text) <= 30
        assert found.text == found.text.strip()
        found.text.encode("utf-8")


@settings(deadline=None)
@given(st.ip_addresses(v=4).filter(lambda each: not each.is_multicast))
def test_every_other_ipv4_address_is_sent_unchanged(address: object) -> None:
    found = Addresses(config()).address_of(str(address), "")
    assert found is not None
    assert ip_address(found.text) == address

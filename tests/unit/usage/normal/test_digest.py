"""Two readings of one event have one digest, two events have two."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.types import UnixNs
from gateway.usage.model import FIELDS, Raw
from gateway.usage.normal.digest import digest
from tests.unit.usage.normal.support import ABSENT, RECEIVED, raw


def test_the_time_of_arrival_the_caller_and_other_keys_do_not_count() -> None:
    one = raw()
    again = replace(one, received=UnixNs(RECEIVED + 10**9), peer="10.9.9.9", extra={"way": "POST"})
    more = replace(one, fields={**one.fields, "crtfcKey": "$5$API$x"})
    assert digest(one) == digest(again) == digest(more)
    assert len(digest(one)) == 64


def test_source_intake_and_each_field_count() -> None:
    one = raw()
    others = [replace(one, source_id="7"), replace(one, intake="api")]
    others += [raw(RECEIVED, **{name: "other"}) for name in FIELDS]
    others += [raw(dataUsgqty=""), raw(dataUsgqty=ABSENT)]
    assert len({digest(each) for each in [one, *others]}) == len(others) + 1


def test_a_key_makes_another_digest() -> None:
    assert digest(raw(), b"k") != digest(raw())
    assert digest(raw(), b"k") == digest(raw(), b"k")


TEXT = st.one_of(st.none(), st.text(max_size=20))
RAWS = st.builds(
    Raw,
    st.text(max_size=5),
    st.just(RECEIVED),
    st.fixed_dictionaries(dict.fromkeys(FIELDS, TEXT)),
    st.text(max_size=5),
)


@settings(deadline=None)
@given(RAWS, RAWS)
def test_digests_are_equal_exactly_where_the_events_are(one: Raw, other: Raw) -> None:
    same = (one.intake, one.source_id, one.fields) == (other.intake, other.source_id, other.fields)
    assert (digest(one) == digest(other)) is same

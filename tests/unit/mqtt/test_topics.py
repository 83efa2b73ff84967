"""Topic filters, compared with paho's own matcher."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from adapters.mqtt.topics import TopicTree, topic_from_bytes, unshared, valid_filter

LEVEL = st.sampled_from(["a", "b", "", "$SYS", "온도"])
TOPIC = st.lists(LEVEL, min_size=1, max_size=4).map("/".join).filter(bool)
FILTER = (
    st.tuples(
        st.lists(st.one_of(LEVEL, st.just("+")), min_size=0, max_size=4),
        st.sampled_from([[], ["#"]]),
    )
    .map(lambda parts: "/".join(parts[0] + parts[1]))
    .filter(bool)
)


@given(FILTER, TOPIC)
def test_a_topic_matches_as_paho_says(text: str, topic: str) -> None:
    tree: TopicTree[str] = TopicTree()
    tree.add(text, "x")
    assert bool(tree.match(topic)) == topic_matches_sub(text, topic)


def test_several_filters_of_one_topic_all_answer() -> None:
    tree: TopicTree[int] = TopicTree()
    for number, text in enumerate(["a/b", "a/+", "a/#", "#", "b/#", "a/b"]):
        tree.add(text, number)
    assert sorted(tree.match("a/b")) == [0, 1, 2, 3, 5]


def test_a_shared_subscription_matches_by_its_filter() -> None:
    tree: TopicTree[int] = TopicTree()
    tree.add("$share/gateways/a/+", 1)
    assert tree.match("a/b") == [1]
    assert unshared("$share/gateways/a/+") == "a/+"


@pytest.mark.parametrize("text", ["a/b", "+", "#", "a/+/c", "+/+/#", "/", "a//b", "$share/g/a/#"])
def test_a_filter_is_accepted(text: str) -> None:
    assert valid_filter(text)


@pytest.mark.parametrize("text", ["", "a/#/b", "a#", "a/b+", "#/a", "a\x00", "x" * 65_536])
def test_what_is_no_filter_is_refused(text: str) -> None:
    assert not valid_filter(text)


@pytest.mark.parametrize("raw", [b"", b"a/+", b"a/#", b"a\x00", b"\xff\xfe", b"\xed\xa0\x80"])
def test_what_is_no_topic_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        topic_from_bytes(raw)

"""Topics as hrefs of an Asset Interfaces Description, and back."""

from __future__ import annotations

import pytest

from adapters.mqtt.interface import field_tag_keys, topic_href, topic_of


@pytest.mark.parametrize(
    "topic", ["a/b", "/a/b", "//a", "a/#", "+/b?x", "온도/실 1", "/", "a%20b", "a/", ".a"]
)
def test_a_topic_comes_back_out_of_its_href(topic: str) -> None:
    assert topic_of(topic_href(topic)) == topic


@pytest.mark.parametrize(
    ("href", "topic"),
    [
        ("/sampleDevice/voltage", "sampleDevice/voltage"),
        ("mqtt://broker:1883/a/%23", "a/#"),
        ("mqtt://broker:1883//a", "/a"),
        (".//a", "/a"),
        ("mqtt://broker", ""),
    ],
)
def test_topics_of_hrefs_that_others_write(href: str, topic: str) -> None:
    assert topic_of(href) == topic


def test_a_row_of_a_table_names_a_topic_and_maybe_a_path() -> None:
    assert field_tag_keys("a/b $.c", "100ms", None) == {"topic": "a/b", "json": "$.c"}
    assert field_tag_keys("a/b", "100ms", None) == {"topic": "a/b", "text": True}
    assert field_tag_keys("a/#/b", "100ms", None) == "address"
    assert field_tag_keys("a $..", "100ms", None) == "address"
    assert field_tag_keys("a/b", "100ms", 0) == "index"

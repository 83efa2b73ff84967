"""The queries of linked segments are read; everything else of Flux is refused by name."""

from __future__ import annotations

import pytest

from aas_models.submodels.time_series import last_hour_query, range_query
from gateway.api.flux import SECOND, FluxError, parse_flux

NOW = 1_764_000_000 * SECOND
HOUR = 3600 * SECOND


def test_the_published_query_of_the_last_hour_is_read() -> None:
    found = parse_flux(last_hour_query("press-01", "Power"), NOW)
    assert (found.bucket, found.fields) == ("press-01", ("Power",))
    assert (found.start, found.stop) == (NOW - HOUR, NOW)
    assert (found.every, found.aggregate) == (10 * SECOND, "mean")


def test_the_published_range_query_is_read_as_basyx_web_ui_fills_it() -> None:
    text = (
        range_query("press-01", "{{y-value}}")
        .replace("v.timeRangeStart", "2025-11-24T15:00:00.000Z")
        .replace("v.timeRangeStop", "2025-11-24T16:00:00Z")
        .replace("v.windowPeriod", "10000ms")
        .replace("{{y-value}}", "Power")
    )
    found = parse_flux(text, NOW)
    assert (found.start, found.stop) == (NOW - HOUR, NOW)
    assert (found.every, found.fields) == (10 * SECOND, ("Power",))


def test_placeholders_that_nobody_replaced_mean_the_last_hour() -> None:
    found = parse_flux(range_query("press-01", None), NOW)
    assert (found.start, found.stop, found.every) == (NOW - HOUR, NOW, 10 * SECOND)
    assert found.fields == ()


def test_mnestix_may_replace_the_literal_span() -> None:
    text = last_hour_query("press-01", "Power").replace("-1h", "-30d")
    assert parse_flux(text, NOW).start == NOW - 30 * 24 * HOUR


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("-1h30m", NOW - HOUR - HOUR // 2),
        ("1763996400", NOW - HOUR),
        ('time(v: "2025-11-25T00:00:00+09:00")', NOW - HOUR),
        ("2025-11-24T15:00:00.5Z", NOW - HOUR + SECOND // 2),
        ("2025-11-24", NOW - 16 * HOUR),
    ],
)
def test_times_are_read_in_the_ways_clients_write_them(start: str, expected: int) -> None:
    assert parse_flux(f'from(bucket: "a") |> range(start: {start})', NOW).start == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "buckets()",
        'from(bucket: "a")',
        'from(bucket: "A b") |> range(start: -1h)',
        'from(bucket: "a") |> range(start: -1h) |> drop(columns: ["x"])',
        'from(bucket: "a") |> range(start: -1h) |> to(bucket: "b")',
        'from(bucket: "a") |> range(start: -1h) |> filter(fn: (r) => r.host == "x")',
        'from(bucket: "a") |> range(start: -1h) |> filter(fn: (r) => exists r._field)',
        'from(bucket: "a") |> range(start: -1h) |> aggregateWindow(every: 0s, fn: mean)',
        'from(bucket: "a") |> range(start: -1h) |> aggregateWindow(every: 1s, fn: derivative)',
        'from(bucket: "a") |> range(start: now(), stop: -1h)',
        'from(bucket: "a") |> range(start: 2025-13-01T00:00:00Z)',
        'import "http" from(bucket: "a") |> range(start: -1h)',
        'from(bucket: "a") |> range(start: -1h)' + " " * 4_000,
    ],
)
def test_what_is_not_answered_is_an_error_and_never_something_else(text: str) -> None:
    with pytest.raises(FluxError):
        parse_flux(text, NOW)

"""Source times are claims: what is doubted, how it shows, and what is no fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from gateway.core.records import Batch
from gateway.core.time_policy import TimePolicy
from gateway.core.times import SECOND_NS, STORE_AHEAD_NS, bounded
from gateway.core.types import BAD, UNCERTAIN_TIME, UnixNs
from gateway.flow.claims import AHEAD, ANCIENT, BACKWARDS, CALM_NS, STANDS_STILL, TimeClaims
from gateway.ops.health import DeviceHealth
from tests.unit.flow.test_types import table

NOW = UnixNs(1_796_000_000 * SECOND_NS)
YEAR_S = 366 * 86_400
TRUSTED = TimePolicy()
PLAN = table("xs:double", "xs:double")


def said(
    times_s: Sequence[float],
    values: Sequence[Any] | None = None,
    *,
    at_s: float = 0.0,
    signals: Sequence[int] | None = None,
    status: Sequence[int] | None = None,
) -> Batch:
    """A batch received `at_s` after NOW whose source times are `times_s` after NOW."""
    return Batch(
        plan=PLAN,
        signals=np.array(signals or [0] * len(times_s), np.int32),
        times=np.array([NOW + round(t * 1e9) for t in times_s], np.int64),
        values=np.array(values if values is not None else np.arange(len(times_s)), np.float64),
        received=UnixNs(NOW + round(at_s * 1e9)),
        status=None if status is None else np.array(status, np.uint32),
    )


@pytest.fixture
def health() -> DeviceHealth:
    made = DeviceHealth("press-01", 2)
    made.connected(NOW)
    return made


def claims(health: DeviceHealth, policy: TimePolicy = TRUSTED) -> TimeClaims:
    return TimeClaims(PLAN, policy, health)


def statuses(batch: Batch) -> list[int]:
    return [0] * len(batch) if batch.status is None else batch.status.tolist()


@pytest.mark.parametrize(
    ("time_s", "reason"),
    [
        (78 * YEAR_S, AHEAD),
        (2 * 3600, AHEAD),
        (1_796_000 - 1_796_000_000, ANCIENT),
        (-1_796_000_000, ANCIENT),
        (-156 * YEAR_S, ANCIENT),
        (946_684_800 + 600 - 1_796_000_000, ANCIENT),
    ],
    ids=["2105", "two-hours-ahead", "seconds-read-as-ms", "1970", "1870", "2000-after-a-reset"],
)
def test_a_time_that_cannot_be_right_is_kept_marked_and_told(
    health: DeviceHealth, time_s: float, reason: str
) -> None:
    batch = said([time_s, 0.0], signals=[0, 1])
    looked = claims(health).looked_at(batch)
    assert looked.times.tolist() == batch.times.tolist()
    assert statuses(looked) == [UNCERTAIN_TIME, 0]
    assert health.state == "partly"
    assert list(health.troubles) == [reason]
    said_at = np.datetime64(int(batch.times[0]), "ns").astype("datetime64[s]").item()
    assert health.troubles[reason].detail == f"{PLAN.signals[0].name}: {said_at} UTC"


def test_one_time_of_the_far_future_makes_no_later_one_look_backwards(health: DeviceHealth) -> None:
    looks = claims(health)
    looks.looked_at(said([78 * YEAR_S]))
    assert statuses(looks.looked_at(said([1.0], at_s=1))) == [0]
    assert list(health.troubles) == [AHEAD]


def test_a_clock_may_be_as_far_ahead_as_the_device_file_allows(health: DeviceHealth) -> None:
    looks = claims(health, TimePolicy(ahead_s=3 * 3600))
    assert statuses(looks.looked_at(said([2 * 3600]))) == [0]
    assert statuses(looks.looked_at(said([4 * 3600]))) == [UNCERTAIN_TIME]


def test_a_set_point_that_was_last_changed_years_ago_is_good(health: DeviceHealth) -> None:
    assert statuses(claims(health).looked_at(said([-6 * YEAR_S]))) == [0]
    assert not health.troubles


def test_a_clock_that_runs_but_is_years_behind_is_told(health: DeviceHealth) -> None:
    looks = claims(health)
    looks.looked_at(said([-16 * YEAR_S]))
    assert statuses(looks.looked_at(said([-16 * YEAR_S + 1], at_s=1))) == [UNCERTAIN_TIME]
    assert list(health.troubles) == [ANCIENT]


def test_values_that_change_under_one_time_are_marked_once_that_is_no_chance(
    health: DeviceHealth,
) -> None:
    looks = claims(health)
    seen = [statuses(looks.looked_at(said([0.0], [value], at_s=value)))[0] for value in range(6)]
    assert seen == [0, 0, 0, 0, UNCERTAIN_TIME, UNCERTAIN_TIME]
    assert list(health.troubles) == [STANDS_STILL]


def test_the_same_value_said_again_under_its_time_is_no_fault(health: DeviceHealth) -> None:
    looks = claims(health)
    for second in range(10):
        assert statuses(looks.looked_at(said([0.0], [float("nan")], at_s=second))) == [0]
    assert not health.troubles


def test_several_readings_of_one_message_share_its_time_and_are_good(health: DeviceHealth) -> None:
    looks = claims(health)
    for second in range(5):
        looked = looks.looked_at(said([second] * 8, range(8), at_s=second))
        assert statuses(looked) == [0] * 8
    assert not health.troubles


def test_a_clock_that_jumps_back_is_told_once_for_each_jump(health: DeviceHealth) -> None:
    looks = claims(health)
    times = [0, 1, -600, -599, -598]
    seen = [statuses(looks.looked_at(said([t], at_s=n)))[0] for n, t in enumerate(times)]
    assert seen == [0, 0, UNCERTAIN_TIME, 0, 0]
    assert health.troubles[BACKWARDS].count == 1


def test_a_jump_back_inside_one_burst_is_seen_too(health: DeviceHealth) -> None:
    assert statuses(claims(health).looked_at(said([0, 1, -600, -599]))) == [0, 0, UNCERTAIN_TIME, 0]


def test_a_small_step_back_is_what_a_clock_that_is_kept_right_does(health: DeviceHealth) -> None:
    looks = claims(health)
    assert [statuses(looks.looked_at(said([t])))[0] for t in (0.0, -2.0, -1.0)] == [0, 0, 0]


def test_what_comes_again_after_a_cut_did_not_go_backwards(health: DeviceHealth) -> None:
    looks = claims(health)
    looks.looked_at(said([0.0]))
    looks.new_connection()
    assert statuses(looks.looked_at(said([-60.0], at_s=1))) == [0]
    assert statuses(looks.looked_at(said([1.0], at_s=2))) == [0]
    assert not health.troubles


def test_a_worse_status_of_the_source_stays(health: DeviceHealth) -> None:
    looked = claims(health).looked_at(said([78 * YEAR_S], status=[BAD | 0x1234]))
    assert statuses(looked) == [BAD | 0x1234]


def test_a_trouble_is_over_when_the_newest_time_is_right_and_it_was_calm(
    health: DeviceHealth,
) -> None:
    looks = claims(health)
    looks.looked_at(said([78 * YEAR_S]))
    name = PLAN.signals[0].name
    assert health.bad[name].reason == AHEAD
    looks.look(UnixNs(NOW + 100 * CALM_NS))
    assert health.state == "partly", "nothing says that the clock is right now"
    looks.looked_at(said([1.0], at_s=1))
    assert name not in health.bad
    looks.look(UnixNs(NOW + CALM_NS - 1))
    assert health.state == "partly"
    looks.look(UnixNs(NOW + CALM_NS))
    assert health.state == "good"


def test_with_source_receive_samples_have_our_time_and_keep_the_claim(health: DeviceHealth) -> None:
    batch = said([78 * YEAR_S, -5.0])
    looked = claims(health, TimePolicy(trust=False)).looked_at(batch)
    assert looked.times.tolist() == [NOW, NOW + 1]
    assert looked.received_time
    assert looked.server_times is not None
    assert looked.server_times.tolist() == batch.times.tolist()
    assert not health.troubles


def test_a_gateway_whose_own_clock_was_never_set_does_not_call_others_ancient(
    health: DeviceHealth,
) -> None:
    batch = Batch(PLAN, np.zeros(1, np.int32), np.array([50]), np.array([1.0]), UnixNs(60))
    assert claims(health).looked_at(batch) is batch


def test_what_cannot_be_right_is_filed_by_receipt_and_stays_apart() -> None:
    times = np.array([NOW - 1, 0, NOW + STORE_AHEAD_NS + 1, 1], np.int64)
    assert bounded(times, NOW).tolist() == [NOW - 1, NOW + 1, NOW + 2, NOW + 3]
    right = np.array([NOW, NOW + STORE_AHEAD_NS], np.int64)
    assert bounded(right, NOW) is right

"""`oee:` becomes indices of tags and minutes of the Korean day."""

from __future__ import annotations

from gateway.config.oee import OeeKeys, oee_plan


def test_names_become_places_and_clock_times_minutes() -> None:
    keys = OeeKeys.model_validate(
        {
            "state": "s", "running": ["run", 1, True], "total": "t", "defect": "d",
            "ideal_cycle": "12s", "shifts": ["08:00-17:00", "20:00-05:00"], "days": ["mon", "sun"],
        }
    )  # fmt: skip
    plan = oee_plan(keys, {"x": 0, "s": 1, "t": 2, "d": 3})
    assert plan is not None
    assert (plan.state, plan.total, plan.second, plan.bad_counted) == (1, 2, 3, True)
    assert plan.running == {"run", "1", "true"}
    assert plan.shifts == ((480, 1020), (1200, 300))
    assert sorted(plan.days) == [0, 6]
    assert plan.ideal_cycle == 12.0


def test_a_tag_that_was_left_out_leaves_the_figures_out() -> None:
    keys = OeeKeys.model_validate({"state": "s", "running": "run"})
    assert oee_plan(keys, {}) is None
    assert oee_plan(None, {"s": 0}) is None

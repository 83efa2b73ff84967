from __future__ import annotations

import numpy as np

from adapters.opcua.elements import BAD_INDEX_RANGE_NO_DATA, Elements
from gateway.core.records import Batch
from tests.unit.aas.parts import batch, press

TABLE = press().table


def values_of(made: Batch) -> list[object]:
    return made.values.tolist() if isinstance(made.values, np.ndarray) else list(made.values)


def test_two_signals_take_their_own_element_of_one_array() -> None:
    made = Elements([(0, 0), (1, 2)], 6).picked(
        batch(TABLE, [0, 1, 0], [[1.5, 2.5, 3.5], [1.5, 2.5, 3.5], [4.0, 5.0, 6.0]])
    )
    assert values_of(made) == [1.5, 3.5, 4.0]
    assert isinstance(made.values, np.ndarray)
    assert made.status is None


def test_what_has_no_such_element_is_bad_and_never_another_value() -> None:
    made = Elements([(0, 3), (1, 0)], 6).picked(batch(TABLE, [0, 1, 2], [[1, 2], 7, [8]]))
    assert values_of(made) == [None, None, [8]]
    assert made.status is not None
    assert made.status.tolist() == [BAD_INDEX_RANGE_NO_DATA, BAD_INDEX_RANGE_NO_DATA, 0]


def test_the_servers_own_bad_status_stays() -> None:
    made = Elements([(0, 0)], 6).picked(batch(TABLE, [0], [None], status=[0x80AB0000]))
    assert made.status is not None
    assert made.status.tolist() == [0x80AB0000]


def test_batches_without_such_a_signal_pass_untouched() -> None:
    whole = batch(TABLE, [2], np.array([1.0]))
    assert Elements([(0, 0)], 6).picked(whole) is whole

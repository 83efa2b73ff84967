"""Korean names become stable idShorts, ids stay the same, units are known by their spellings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.ids import Ids
from gateway.config.units import canonical_unit, nearest_unit, units
from gateway.config.words import nearest
from gateway.core.romanise import ID_SHORT, ID_SHORT_MAX, ascii_name

AAS_ID_SHORT = re.compile(r"^[A-Za-z][A-Za-z0-9_]*[A-Za-z0-9_]$")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("금형온도_상", "Geumhyeongondo_Sang"), ("가동상태", "Gadongsangtae"), ("압력", "Apryeok"),
        ("한글", "Hangeul"), ("전력량", "Jeonryeokryang"), ("쿨링 팬", "KulringPaen"),
        ("1호기 온도", "Tag1hogiOndo"), ("Mold_Temp", "Mold_Temp"), ("temp-1", "Temp1"),
        ("소비전력(kW)", "SobijeonryeokKW"), ("a", "TagA"), ("温度", "U6E29U5EA6"),
        ("Größe", "GroU00DFe"),
    ],
)  # fmt: skip
def test_a_name_has_one_romanisation_for_ever(name: str, made: str) -> None:
    assert ascii_name(name) == made


@given(st.text(min_size=1, max_size=200))
def test_every_name_becomes_a_valid_id_short(name: str) -> None:
    made = ascii_name(name)
    assert AAS_ID_SHORT.match(made)
    assert ID_SHORT.fullmatch(made)
    assert len(made) <= ID_SHORT_MAX


def test_decomposed_syllables_are_the_same_name() -> None:
    import unicodedata

    assert ascii_name(unicodedata.normalize("NFD", "온도")) == ascii_name("온도") == "Ondo"


def test_ids_lie_under_the_domain_where_there_is_one() -> None:
    ids = Ids("press-01", "edge-07", "https://hanil.example/ids")
    assert ids.aas() == "https://hanil.example/ids/aas/press-01"
    assert ids.asset() == "https://hanil.example/ids/asset/press-01"
    assert ids.submodel("OperationalData") == (
        "https://hanil.example/ids/sm/press-01/OperationalData/1/0"
    )


def test_ids_without_a_domain_are_the_same_after_every_installation() -> None:
    ids = Ids("press-01", "123-45-67890")
    assert len({ids.aas(), ids.asset(), ids.submodel("A"), Ids("press-02", "123-45-67890").aas(),
                Ids("press-01", "edge-07").aas()}) == 5  # fmt: skip
    assert ids.aas() == "urn:uuid:f7af3cc1-0628-51ae-8059-1fb11c898128"


def test_units_are_known_by_every_spelling() -> None:
    names = {unit.name for unit in units().values()}
    assert len(names) >= 80
    for name in ("degC", "kW", "bar", "%", "rpm", "mm/s"):
        assert canonical_unit(name) == name
    assert canonical_unit("℃") == canonical_unit("섭씨") == "degC"
    assert canonical_unit("도씨") is None
    assert {nearest_unit("도씨"), nearest_unit("degc"), nearest_unit("Kw")} == {"degC", "kW"}
    assert nearest_unit("qqqqqq") == ""


def test_codes_of_units_are_not_given_twice() -> None:
    by_code: dict[str, set[str]] = {}
    for unit in units().values():
        if unit.unece:
            by_code.setdefault(unit.unece, set()).add(unit.name)
    assert {code: names for code, names in by_code.items() if len(names) > 1} == {
        "P1": {"%", "%RH"}
    }


def test_the_nearest_word_is_found_whatever_its_case() -> None:
    assert nearest("Unti", ["unit", "node"]) == "unit"
    assert nearest("zzz", ["unit", "node"]) is None

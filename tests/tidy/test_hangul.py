"""Korean words stand in catalogues and data, not in code."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

from tests.tidy.tree import PRODUCT, name_of, python_files, text_of

HANGUL = re.compile("[\uac00-\ud7a3\u3131-\u318e]")
CODES = {
    "aas_models/importing/report.py",
    "aas_models/interfaces/notes.py",
    "aas_models/kosmo/problems.py",
    "aas_models/templates/check.py",
    "aas_models/verify/findings.py",
}
"""Texts of codes, both languages side by side (DESIGN, decision 21); data that could be a file."""
READ = {
    "aas_models/metamodel/datatypes.py",
    "aas_models/metamodel/languages.py",
    "adapters/mqtt/calendar.py",
    "gateway/api/aas/files.py",
    "aas_models/time_series_csv.py",
    "gateway/config/units.py",
    "gateway/usage/intakes/dropped.py",
    "gateway/usage/normal/amounts.py",
    "gateway/usage/normal/privacy.py",
    "gateway/usage/normal/time_forms.py",
}
"""Words that others write, to be understood: times, units, names of people, heads of columns."""
WRITTEN = {
    "aas_models/concept_table.py",
    "aas_models/concepts.py",
    "gateway/usage/receiver/endpoints.py",
    "gateway/usage/receiver/replies.py",
    "aas_models/submodels/gateway_own.py",
    "aas_models/submodels/kpis.py",
    "aas_models/submodels/time_series.py",
    "gateway/demo/config.py",
    "gateway/usage/ledger/export.py",
    "gateway/usage/ledger/words.py",
}
"""Content in both languages: names in an AAS, the workbook for the audit, the demo's machines,
answers to solutions in the service's own language."""
STILL = {
    "aas_models/repository/content.py",
    "aas_models/verify/html.py",
    "gateway/api/aas/writing.py",
    "gateway/usage/intakes/databases/driver.py",
    "gateway/usage/receiver/pages.py",
}
"""Words that have no catalogue yet; the list only shrinks."""


def says_hangul(path: Path) -> bool:
    """Tell whether a text in code has Korean letters; comments and docstrings may quote some."""
    if not HANGUL.search(text_of(path)):
        return False
    reader = io.StringIO(text_of(path)).readline
    fresh = True
    for token in tokenize.generate_tokens(reader):
        if token.type == tokenize.STRING and not fresh and HANGUL.search(token.string):
            return True
        if token.type in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}:
            fresh = True
        elif token.type not in {tokenize.NL, tokenize.COMMENT}:
            fresh = False
    return False


def test_no_korean_stands_in_code() -> None:
    found = {name_of(path) for path in python_files(*PRODUCT) if says_hangul(path)}
    assert found == CODES | READ | WRITTEN | STILL


def test_a_text_is_found_and_a_docstring_is_none(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text('"""한글"""\nX = 1\n"""한글"""  # 한글\n', "utf-8")
    assert not says_hangul(path)
    other = tmp_path / "two.py"
    other.write_text('X = "한글"\n', "utf-8")
    assert says_hangul(other)

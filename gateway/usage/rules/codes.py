"""The log service's result codes: what each means, and what the sender does then.

The table is `result_codes.toml` beside this file; a site lays its own file over it. Source: the
service's interface description, version 1.7, as its public implementations show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.usage.rules.code_file import NO_ANSWER, UNKNOWN, Table, laid_over, read_table
from gateway.usage.rules.kinds import Action, Kind

FILE = Path(__file__).with_name("result_codes.toml")


@dataclass(frozen=True, slots=True)
class CodeRule:
    """What one result code means and what is done.

    `tries` counts requests for one event, the first among them, 0 for no limit; `then` is the
    action when they are used up. `backoff_s` are the waits between them, in seconds, the last one
    repeating. `probe_s` is the time between single requests while stopped, 0 for none. `alarm` is
    the `U####` that a person sees, empty for none. `known` is false for a code in no table.
    """

    code: str
    kind: Kind
    action: Action
    ko: str
    en: str
    fix_ko: str = ""
    fix_en: str = ""
    backoff_s: tuple[float, ...] = ()
    tries: int = 1
    then: Action = Action.QUARANTINE
    probe_s: float = 0.0
    alarm: str = ""
    confidence: str = "L"
    known: bool = True

    def wait_s(self, tried: int) -> float:
        """Give the seconds to wait after `tried` requests (from 1); 0 without a back-off."""
        if not self.backoff_s:
            return 0.0
        return self.backoff_s[min(max(tried, 1), len(self.backoff_s)) - 1]

    def after(self, tried: int) -> Action:
        """Give the action when this code is the answer to request number `tried` of an event."""
        return self.then if self.tries and tried >= self.tries and self._resends else self.action

    @property
    def _resends(self) -> bool:
        return self.action in RESENDS


RESENDS = frozenset(
    {
        Action.RETRY,
        Action.SET_ZERO_AND_RESEND,
        Action.CLAMP_AND_RESEND,
        Action.OTHER_VARIANT,
    }
)
"""Actions that send the same event again, so that `tries` limits them."""


class Codes:
    """Finds the rule for whatever the service answered."""

    def __init__(self, rules: Mapping[str, CodeRule]) -> None:
        """`rules` by code, with those of `unknown` and `no_answer` among them."""
        self._rules = dict(rules)

    def of(self, code: str) -> CodeRule:
        """Give the rule of a code; that of `unknown` for any other, of `no_answer` for ""."""
        asked = code.strip().upper()
        if not asked:
            return self._rules[NO_ANSWER]
        rule = self._rules.get(asked)
        return rule or _named(self._rules[UNKNOWN], asked)

    def names(self) -> list[str]:
        """Give every code of the table, sorted."""
        return sorted(code for code in self._rules if code not in {UNKNOWN, NO_ANSWER})


def load_codes(path: Path | None = None) -> Codes:
    """Give the built-in table, with a site's own file laid over it where `path` is given.

    Raises:
        CodesError: the file cannot be read or says something that cannot be meant.
    """
    if path is None:
        return _built_in()
    return Codes(_rules(laid_over(read_table(FILE), path)))


@cache
def _built_in() -> Codes:
    return Codes(_rules(read_table(FILE)))


def _rules(table: Table) -> dict[str, CodeRule]:
    return {code: _rule(code, keys) for code, keys in table.items()}


def _rule(code: str, keys: Mapping[str, object]) -> CodeRule:
    rest = {key: value for key, value in keys.items() if key not in {"class", "action", "then"}}
    if "backoff_s" in rest:
        rest["backoff_s"] = tuple(rest["backoff_s"])  # type: ignore[arg-type]  # checked by the reader
    rest.setdefault("ko", rest.get("en", code))
    rest.setdefault("en", rest["ko"])
    return CodeRule(
        code,
        Kind(str(keys["class"])),
        Action(str(keys["action"])),
        then=Action(str(keys.get("then", Action.QUARANTINE))),
        known=code not in {UNKNOWN, NO_ANSWER},
        **rest,  # type: ignore[arg-type]  # checked by the reader
    )


def _named(rule: CodeRule, code: str) -> CodeRule:
    from dataclasses import replace

    return replace(rule, code=code)

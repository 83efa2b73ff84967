"""Makes an event fit to be sent, or says with the service's own code why it never can be.

Checks come in the order that is known of the service: which fields are there, then their form.
Whatever can be put right without changing what happened is put right and noted as a lint; only
what nobody can know (when, what, who) makes an event unfit. A day that is not today is none of
these: the sender decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.usage.config import NormalConfig
from gateway.usage.model import Event, Raw, Unfit
from gateway.usage.normal.addresses import Addresses
from gateway.usage.normal.amounts import amount_of
from gateway.usage.normal.plain import is_placeholder, plain_text
from gateway.usage.normal.privacy import LENGTH_MAX as USER_LENGTH_MAX
from gateway.usage.normal.privacy import check_salt, looks_like_a_name, sent_user
from gateway.usage.normal.times import TimeRules, read_time
from gateway.usage.normal.transport import noticed_on_the_way
from gateway.usage.normal.words import Words
from gateway.usage.ports import Normaliser
from gateway.usage.rules.lints import Lint, in_order

NO_TIME, BAD_TIME, NO_USE, NO_USER, NO_ADDRESS, NO_AMOUNT = (
    "AP1012",
    "AP1014",
    "AP1015",
    "AP1017",
    "AP1019",
    "AP1022",
)
SERVICE_SPOKEN = frozenset({"receiver"})
"""Intakes whose callers speak the service's protocol and are answered as the service would."""

LATER = ("file:", "folder:")
"""Intakes that read events long after they happened."""

DETAIL_MAX = 60


def make_normaliser(config: NormalConfig) -> Normaliser:
    """Give the function that makes events normal; pure, never raises.

    Raises:
        ValueError: a setting cannot be used; its text begins with the setting's name.
    """
    check_salt(config.user, config.salt)
    if not -14 * 3600 <= config.utc_offset_s <= 14 * 3600:
        raise ValueError(f"utc_offset_s: {config.utc_offset_s} is more than 14 hours")
    return _Normaliser(config, Words(config), Addresses(config))


@dataclass(frozen=True, slots=True)
class _Normaliser:
    config: NormalConfig
    words: Words
    addresses: Addresses

    def __call__(self, raw: Raw) -> Event | Unfit:
        fields = {name: plain_text(value) for name, value in raw.fields.items()}
        lints = list(noticed_on_the_way(raw.extra))
        missing = _missing(raw, fields)
        if missing:
            return _unfit(raw, missing, lints)
        rules = TimeRules(
            self.config.utc_offset_s, self.config.twelve_hour, not raw.intake.startswith(LATER)
        )
        time = read_time(raw.fields["logDt"] or "", raw.received, rules)
        if time is None:
            return _unfit(raw, (BAD_TIME, "logDt"), lints, fields["logDt"][:DETAIL_MAX])
        address = self.addresses.address_of(fields.get("conectIp", ""), raw.peer)
        if address is None:
            return _unfit(raw, (NO_ADDRESS, "conectIp"), [*lints, *time.lints])
        word = self.words.code_of(fields["useSe"])
        amount = amount_of(raw.fields.get("dataUsgqty"))
        person = fields["sysUser"]
        user_lints = _of_user(raw.fields["sysUser"] or "", person, self.config)
        return Event(
            at=time.at,
            log_dt=time.text,
            use_se=word.code,
            user=sent_user(person, self.config.user, self.config.salt),
            address=address.text,
            amount=amount.bytes,
            raw=raw,
            person=person,
            lints=in_order(
                [*lints, *time.lints, *word.lints, *user_lints, *address.lints, *amount.lints]
            ),
        )


def _missing(raw: Raw, fields: dict[str, str]) -> tuple[str, str] | None:
    """Give the first field that is missing in a way that cannot be mended, with its code."""
    for name, code in (("logDt", NO_TIME), ("useSe", NO_USE), ("sysUser", NO_USER)):
        text = fields.get(name, "")
        if not text or (name != "sysUser" and is_placeholder(text)):
            return code, name
    if raw.intake in SERVICE_SPOKEN:
        for name, code in (("conectIp", NO_ADDRESS), ("dataUsgqty", NO_AMOUNT)):
            if raw.fields.get(name) is None:
                return code, name
    return None


def _of_user(said: str, person: str, config: NormalConfig) -> list[Lint]:
    found = []
    if person != said.strip():
        found.append(Lint.USER_FORM)
    if is_placeholder(person) or person.casefold() in {"anonymous", "anonymoususer", "guest"}:
        found.append(Lint.USER_PLACEHOLDER)
    if looks_like_a_name(person):
        found.append(Lint.REAL_NAME)
    if len(person) > USER_LENGTH_MAX and config.user != "pseudonym":
        found.append(Lint.USER_CUT)
    return found


def _unfit(
    raw: Raw, why: tuple[str, str], lints: list[str] | list[Lint | str], detail: str = ""
) -> Unfit:
    code, name = why
    return Unfit(raw, code, name, detail, in_order(lints))

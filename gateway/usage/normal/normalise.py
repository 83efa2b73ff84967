"""Makes an event fit to be sent, or says with the service's own code why it never can be.

Checks come in the order that is known of the service: which fields are there, then their form.
Whatever can be put right without changing what happened is put right and noted as a lint; only
what nobody can know (when, what, who) makes an event unfit. A day that is not today is none of
these: the sender decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.usage.config import NormalConfig, Privacy
from gateway.usage.model import FIELDS, Event, Raw, Unfit
from gateway.usage.normal.addresses import Address, Addresses
from gateway.usage.normal.amounts import amount_of
from gateway.usage.normal.plain import is_placeholder, plain_text
from gateway.usage.normal.privacy import LENGTH_MAX as USER_LENGTH_MAX
from gateway.usage.normal.privacy import check_salt, looks_like_a_name, sent_user
from gateway.usage.normal.times import Time, TimeRules, read_time
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

NOBODY = frozenset({"anonymous", "anonymoususer", "guest"})
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
        said = {name: plain_text(raw.fields.get(name)) for name in FIELDS}
        lints: list[str] = noticed_on_the_way(raw.extra)
        missing = _missing(raw, said)
        if missing:
            return Unfit(raw, *missing, lints=in_order(lints))
        time = read_time(raw.fields["logDt"] or "", raw.received, self._time_rules(raw))
        if time is None:
            detail = said["logDt"][:DETAIL_MAX]
            return Unfit(raw, BAD_TIME, "logDt", detail, in_order(lints))
        lints += time.lints
        address = self.addresses.address_of(said["conectIp"], raw.peer)
        if address is None:
            return Unfit(raw, NO_ADDRESS, "conectIp", lints=in_order(lints))
        return self._event(raw, said, time, address, lints)

    def _time_rules(self, raw: Raw) -> TimeRules:
        live = not raw.intake.startswith(LATER)
        return TimeRules(self.config.utc_offset_s, self.config.twelve_hour, live)

    def _event(
        self, raw: Raw, said: Mapping[str, str], time: Time, address: Address, lints: list[str]
    ) -> Event:
        word = self.words.code_of(said["useSe"])
        amount = amount_of(raw.fields.get("dataUsgqty"))
        person = said["sysUser"]
        of_user = _of_user(raw.fields["sysUser"] or "", person, self.config.user)
        return Event(
            at=time.at,
            log_dt=time.text,
            use_se=word.code,
            user=sent_user(person, self.config.user, self.config.salt),
            address=address.text,
            amount=amount.bytes,
            raw=raw,
            person=person,
            lints=in_order([*lints, *word.lints, *of_user, *address.lints, *amount.lints]),
        )


def _missing(raw: Raw, said: Mapping[str, str]) -> tuple[str, str] | None:
    """Give code and name of the first field that is missing in a way that cannot be mended."""
    for name, code in (("logDt", NO_TIME), ("useSe", NO_USE), ("sysUser", NO_USER)):
        if not said[name] or (name != "sysUser" and is_placeholder(said[name])):
            return code, name
    if raw.intake in SERVICE_SPOKEN:
        for name, code in (("conectIp", NO_ADDRESS), ("dataUsgqty", NO_AMOUNT)):
            if raw.fields.get(name) is None:
                return code, name
    return None


def _of_user(text: str, person: str, mode: Privacy) -> list[Lint]:
    found = []
    if person != text.strip():
        found.append(Lint.USER_FORM)
    if is_placeholder(person) or person.casefold() in NOBODY:
        found.append(Lint.USER_PLACEHOLDER)
    if looks_like_a_name(person):
        found.append(Lint.REAL_NAME)
    if len(person) > USER_LENGTH_MAX and mode != "pseudonym":
        found.append(Lint.USER_CUT)
    return found

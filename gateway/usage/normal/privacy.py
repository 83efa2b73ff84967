"""How a person is named outside the factory: by a keyed pseudonym, masked, or as it came."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import assert_never

from gateway.usage.config import Privacy
from gateway.usage.normal.plain import cut

LENGTH_MAX = 60
"""Source: field `sysUser` of the service."""

PREFIX = "p:"
SALT_BYTES_MIN = 16
_DIGEST_BYTES = 15
"""120 bits: 24 letters without padding, and no two people of a site ever share one."""

_DOMAIN = b"usage-pseudonym-1\0"
_PIECE = re.compile(r"[^\W_]+")


def pseudonym(person: str, salt: bytes) -> str:
    """Give the pseudonym of a person: the same for the same text and salt, and only then.

    Without the salt nobody can find the person by trying names; with it only by a table.
    """
    digest = hmac.new(salt, _DOMAIN + person.encode("utf-8", "replace"), hashlib.sha256).digest()
    return PREFIX + base64.b32encode(digest[:_DIGEST_BYTES]).decode("ascii").lower()


def masked(person: str) -> str:
    """Give a person's name or id with its middle hidden: 김*수, k****1, kim(김*수)."""
    hidden = _PIECE.sub(lambda piece: _masked_piece(piece[0]), person[:LENGTH_MAX])
    return hidden if hidden != person else "*"


def _masked_piece(piece: str) -> str:
    if len(piece) == 1:
        return "*"
    if len(piece) == 2:
        return piece[0] + "*"
    return piece[0] + "*" * (len(piece) - 2) + piece[-1]


def sent_user(person: str, mode: Privacy, salt: bytes) -> str:
    """Give what is sent for a person (plain text, not blank): at most 60 characters, not blank."""
    match mode:
        case "pseudonym":
            return pseudonym(person, salt)
        case "masked":
            return cut(masked(person), LENGTH_MAX)
        case "raw":
            return cut(person, LENGTH_MAX)
    assert_never(mode)


def check_salt(mode: Privacy, salt: bytes) -> None:
    """Refuse pseudonyms without a key: whoever knows the names could find them by trying.

    Raises:
        ValueError: the salt is too short.
    """
    if mode == "pseudonym" and len(salt) < SALT_BYTES_MIN:
        raise ValueError(f"salt: pseudonyms need a key of at least {SALT_BYTES_MIN} bytes")


_SURNAMES = (
    "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진지엄채원천"
    "방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용"
)
_KOREAN_NAME = re.compile(rf"[{_SURNAMES}][가-힣]{{2}}|(?:남궁|황보|제갈|선우|독고)[가-힣]{{2}}")
_SHORT_NAME = re.compile(rf"[{_SURNAMES}][가-힣]")
"""As many words look like this, it is one only beside an id or before a title."""

_TITLE = re.compile(
    r"\s*(?:님|씨|사원|주임|대리|과장|차장|부장|이사|상무|전무|사장|대표|반장|조장|팀장|실장|기사)$"
)
_WESTERN_NAME = re.compile(r"[A-Z][a-z]+(?: [A-Z]\.?)? [A-Z][a-z]+")
NOT_NAMES = frozenset(
    {
        "관리자",
        "사용자",
        "작업자",
        "담당자",
        "조회",
        "이사",
        "사장",
        "현장",
        "생산",
        "기사",
        "방문자",
    }
)


def looks_like_a_name(person: str) -> bool:
    """Tell whether this is probably somebody's real name, also in parentheses behind an id."""
    pieces = [piece.strip() for piece in re.split(r"[()\[\]/,_]", person)]
    return any(_is_name(piece, beside=len(pieces) > 1) for piece in pieces)


def _is_name(piece: str, *, beside: bool) -> bool:
    bare = _TITLE.sub("", piece)
    if piece in NOT_NAMES or bare in NOT_NAMES:
        return False
    if _KOREAN_NAME.fullmatch(bare) or _WESTERN_NAME.fullmatch(bare):
        return True
    return (beside or bare != piece) and _SHORT_NAME.fullmatch(bare) is not None

"""What the receiver says to a person who opens it in a browser, or calls a path that it lacks."""

from __future__ import annotations

from gateway.usage.config import Reply as Mode
from gateway.usage.receiver.replies import Reply, json_reply

PATHS = (
    "/apisvc/sendLogData.json",
    "/apisvc/sendLogDataJSON.do",
    "/apisvc/sendLogDataXML.do",
)
QUIET = frozenset({"/favicon.ico", "/robots.txt", "/apple-touch-icon.png"})
"""Browsers ask for these by themselves; nobody is told."""
_MODES: dict[Mode, tuple[str, str]] = {
    "queued": (
        "AP1001(수신 확인): 게이트웨이가 접수했다는 뜻입니다.",
        "AP1001 (received): the gateway has accepted the record.",
    ),
    "compat": (
        "AP1002, 상세에 '게이트웨이 접수': 사업관리시스템에 적재되었다는 뜻이 아닙니다.",
        "AP1002, and the detail says: accepted by the gateway, not yet stored by the service.",
    ),
    "relay": (
        "차례가 비어 있으면 사업관리시스템의 응답을 그대로, 아니면 AP1001.",
        "The management system's own answer when its slot is free, else AP1001.",
    ),
}
_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:44em;margin:3em auto;padding:0 1em;color:#222}"
    "code{background:#eee;padding:.1em .3em}section+section{border-top:1px solid #ccc}"
)


def status_page(mode: Mode) -> Reply:
    """Say what this address is; no number and no name of anybody."""
    paths = "".join(f"<li><code>{path}</code></li>" for path in PATHS)
    korean, english = _MODES[mode]
    html = (
        '<!doctype html><html lang="ko"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>솔루션 사용 로그 수신 · usage log receiver</title><style>{_STYLE}</style></head>"
        "<body><section><h1>솔루션 사용 로그 수신</h1><p>공장 게이트웨이가 MES 등 솔루션의 사용 "
        "로그를 받는 주소입니다. 솔루션에서 로그수집 서버의 주소만 이 주소로 바꾸면 됩니다.</p>"
        f"<ul>{paths}</ul><p>응답: {korean}</p></section>"
        '<section lang="en"><h1>Usage log receiver</h1><p>A factory gateway takes the usage logs '
        "of solutions such as an MES here. In the solution, change only the address of the log "
        f"service to this one.</p><ul>{paths}</ul><p>Answer: {english}</p></section></body></html>"
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return Reply(
        200, html.encode(), "text/html;charset=UTF-8", (("Content-Security-Policy", policy),)
    )


def not_found() -> Reply:
    """Name the paths that there are."""
    return _error(
        404,
        "없는 경로입니다. 아래 세 경로만 있습니다.",
        "There is no such path; these three are there.",
        paths=list(PATHS),
    )


def wrong_method() -> Reply:
    """Name the methods that there are."""
    reply = _error(405, "GET 또는 POST로 보내세요.", "Send it by GET or POST.")
    return reply.with_headers((("Allow", "GET, POST, OPTIONS"),))


def foreign_page() -> Reply:
    """Tell whose page it is that may not call."""
    return _error(
        403,
        "허용되지 않은 출처(Origin)의 웹 페이지입니다. 게이트웨이 설정의 origins에 추가하세요.",
        "Pages of this origin may not call; add it to `origins` in the gateway's configuration.",
    )


def compressed() -> Reply:
    """Refuse a compressed body."""
    return _error(415, "압축하지 않고 보내세요.", "Send the body without compression.")


def broken(status: int, reason: str) -> Reply:
    """Tell that what came is no request."""
    return _error(
        status,
        "HTTP 요청을 읽을 수 없습니다.",
        "This HTTP request cannot be read.",
        reason=reason,
    )


def busy() -> Reply:
    """Tell one address that it holds too many connections."""
    return _error(
        503,
        "이 주소에서 연 연결이 너무 많습니다. 잠시 뒤 다시 보내세요.",
        "This address holds too many connections; send it again shortly.",
    ).with_headers((("Retry-After", "1"),))


def _error(status: int, korean: str, english: str, **facts: object) -> Reply:
    return json_reply(status, {"error": status, "ko": korean, "en": english, **facts})

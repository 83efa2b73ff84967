"""The eight ways in which real programs send one record, byte by byte."""

from __future__ import annotations

KEY = "$5$API$CanaryCanaryCanaryCanaryCanaryCanaryCanary."
KEY_ENCODED = "%245%24API%24CanaryCanaryCanaryCanaryCanaryCanaryCanary."
CANARY = "CanaryCanary"
ORIGIN = "http://mes.factory.local:8080"
RECORD = {
    "logDt": "2026-11-26 09:12:33.045",
    "useSe": "DO6001",
    "sysUser": "김민수",
    "conectIp": "192.168.0.21",
    "dataUsgqty": "1024",
}
_JSON = (
    '{"crtfcKey":"@KEY@","logDt":"2026-11-26 09:12:33.045","useSe":"DO6001",'
    '"sysUser":"김민수","conectIp":"192.168.0.21","dataUsgqty":"1024"}'
)
_JSON_ENCODED = (
    "%7B%22crtfcKey%22%3A%22@ENC@%22%2C%22logDt%22%3A%222026-11-26+09%3A12%3A33.045%22%2C"
    "%22useSe%22%3A%22DO6001%22%2C%22sysUser%22%3A%22%EA%B9%80%EB%AF%BC%EC%88%98%22%2C"
    "%22conectIp%22%3A%22192.168.0.21%22%2C%22dataUsgqty%22%3A%221024%22%7D"
)

_JSON_PERCENT = _JSON_ENCODED.replace("+", "%20")

_STYLES: dict[str, tuple[str, str, str]] = {
    "browser-ajax-form": (
        (
            "POST /apisvc/sendLogData.json HTTP/1.1\r\nHost: 192.168.0.5:8480\r\n"
            "Connection: keep-alive\r\nContent-Length: @LENGTH@\r\n"
            "Accept: application/json, text/javascript, */*; q=0.01\r\n"
            f"Origin: {ORIGIN}\r\n"
            "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/138.0.0.0\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
            f"Referer: {ORIGIN}/login.do\r\n"
            "Accept-Encoding: gzip, deflate\r\nAccept-Language: ko-KR,ko;q=0.9\r\n\r\n"
        ),
        (
            "crtfcKey=@ENC@&logDt=2026-11-26+09%3A12%3A33.045&useSe=DO6001&"
            "sysUser=%EA%B9%80%EB%AF%BC%EC%88%98&conectIp=192.168.0.21&dataUsgqty=1024"
        ),
        "utf-8",
    ),
    "json": (
        (
            "POST /apisvc/sendLogData.json HTTP/1.1\r\nhost: 192.168.0.5:8480\r\n"
            "accept: application/json, text/plain, */*\r\n"
            "content-type: application/json;charset=UTF-8\r\nuser-agent: axios/1.7.9\r\n"
            "content-length: @LENGTH@\r\nconnection: close\r\n\r\n"
        ),
        (
            '{\r\n  "crtfcKey": "@KEY@",\r\n  "logDt": "2026-11-26 09:12:33.045",\r\n'
            '  "useSe": "DO6001",\r\n  "sysUser": "김민수",\r\n  "conectIp": "192.168.0.21",\r\n'
            '  "dataUsgqty": 1024\r\n}'
        ),
        "utf-8",
    ),
    "winforms-get-raw-korean": (
        (
            f"GET /apisvc/sendLogDataJSON.do?logData={_JSON} HTTP/1.1\r\n"
            "Host: 192.168.0.5:8480\r\nConnection: Keep-Alive\r\n\r\n"
        ),
        "",
        "utf-8",
    ),
    "php-stream-context": (
        (
            "POST /apisvc/sendLogDataJSON.do HTTP/1.1\r\nHost: 192.168.0.5:8480\r\n"
            "Connection: close\r\nContent-Length: @LENGTH@\r\n"
            "Content-type: application/x-www-form-urlencoded\r\n\r\n"
        ),
        f"logData={_JSON_ENCODED}",
        "utf-8",
    ),
    "spring-resttemplate-json-do": (
        (
            f"POST /apisvc/sendLogDataJSON.do?logData={_JSON_PERCENT} HTTP/1.1\r\n"
            "Accept: text/plain, application/json, application/*+json, */*\r\n"
            "Content-Type: application/json;charset=UTF-8\r\nUser-Agent: Java/1.8.0_202\r\n"
            "Host: 192.168.0.5:8480\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"
        ),
        "",
        "utf-8",
    ),
    "xml": (
        (
            "POST /apisvc/sendLogDataXML.do HTTP/1.1\r\nHost: 192.168.0.5:8480\r\n"
            "Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\n"
            "Expect: 100-continue\r\nContent-Length: @LENGTH@\r\n\r\n"
        ),
        (
            "logData=%3C%3Fxml+version%3D%221.0%22+encoding%3D%22UTF-8%22%3F%3E%3ClogData%3E"
            "%3CcrtfcKey%3E@ENC@%3C%2FcrtfcKey%3E%3ClogDt%3E2026-11-26+09%3A12%3A33.045%3C%2FlogDt%3E"
            "%3CuseSe%3EDO6001%3C%2FuseSe%3E%3CsysUser%3E%EA%B9%80%EB%AF%BC%EC%88%98%3C%2FsysUser%3E"
            "%3CconectIp%3E192.168.0.21%3C%2FconectIp%3E%3CdataUsgqty%3E1024%3C%2FdataUsgqty%3E"
            "%3C%2FlogData%3E"
        ),
        "utf-8",
    ),
    "http-1.0-without-content-type": (
        "POST /apisvc/sendLogData.json HTTP/1.0\r\n\r\n",
        (
            "crtfcKey=@KEY@&logDt=2026-11-26 09:12:33.045&useSe=DO6001&"
            "sysUser=김민수&conectIp=192.168.0.21&dataUsgqty=1024\r\n"
        ),
        "utf-8",
    ),
    "cp949-form": (
        (
            "POST /apisvc/sendLogData.json HTTP/1.1\r\nHost: 192.168.0.5\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: @LENGTH@\r\n"
            "Cache-Control: no-cache\r\n\r\n"
        ),
        (
            "crtfcKey=@ENC@&logDt=2026-11-26+09%3A12%3A33.045&useSe=DO6001&"
            "sysUser=%B1%E8%B9%CE%BC%F6&conectIp=192.168.0.21&dataUsgqty=1024"
        ),
        "cp949",
    ),
}
NO_LENGTH = "http-1.0-without-content-type"


def request_bytes(style: str) -> bytes:
    """Give a style's request as it is on the wire."""
    head, body, charset = _STYLES[style]
    sent = _filled(body).encode(charset)
    return _filled(head).replace("@LENGTH@", str(len(sent))).encode(charset) + sent


def _filled(text: str) -> str:
    return text.replace("@KEY@", KEY).replace("@ENC@", KEY_ENCODED)


STYLES = {style: request_bytes(style) for style in _STYLES}

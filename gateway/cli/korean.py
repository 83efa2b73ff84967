"""The help texts in Korean, by their English; a test sees that none is missing."""

from __future__ import annotations

from typing import Any

HEADINGS = {
    "Usage:": "사용법:",
    "Arguments:": "인자:",
    "Options:": "옵션:",
    "Commands:": "명령:",
    "[OPTIONS]": "[옵션]",
    "COMMAND [ARGS]...": "명령 [인자]...",
    "Show this message and exit.": "이 도움말을 보여 줍니다.",
    "[default: ": "[기본값: ",
    "[required]": "[필수]",
    "[env var: ": "[환경변수: ",
}
TEXTS = {
    "Factory telemetry gateway: machines to AAS, history and platform, nothing lost.":
        "공장 데이터 게이트웨이: 설비에서 AAS, 이력, 플랫폼까지 유실 없이",
    "Show what a file would change. Exit: 0 fine, 1 bad tags, 2 wrong, 3 not reached.":
        "파일이 바꿀 내용을 보여 줍니다. 종료값: 0 정상, 1 태그 오류, 2 설정 오류, 3 연결 안 됨",
    "Write the device files that a file describes; the running service takes them at once.":
        "파일이 설명하는 설비 파일을 쓰고 실행 중인 서비스에 바로 적용합니다.",
    "Write a configuration folder for the devices that a file describes.":
        "파일이 설명하는 설비의 설정 폴더를 씁니다.",
    "Write a configuration as AAS with interface description and mapping, without secrets.":
        "설정을 인터페이스 설명과 매핑을 담은 AAS 로 씁니다 (비밀값 제외).",
    "AASX, JSON or XML with interface submodels.": "인터페이스 서브모델이 든 AASX, JSON, XML 파일",
    "Devices that the file does not describe go.": "파일에 없는 설비는 삭제",
    "Try every source of the file.": "파일의 모든 소스에 연결해 봄",
    "Folder; without it to stdout.": "폴더 (없으면 화면에 출력)",
    "Language of the output.": "출력 언어",
    "No colours.": "색 없이 출력",
    "Show on this PC alone that nothing is lost.": "이 PC만으로 유실이 없음을 보여 줍니다.",
    "Check a configuration; --live proves every tag.": "설정 검사 (--live: 모든 태그 확인)",
    "Collect, keep and forward, until stopped.": "수집, 저장, 전송 (중지할 때까지)",
    "Show devices, destinations and what to do next.": "설비와 전송처 상태, 다음에 할 일",
    "Show values as they come.": "들어오는 값 보기",
    "Follow one value from machine to destinations.": "값 하나를 설비부터 전송처까지 추적",
    "Show everything in motion.": "전체 현황 실시간 보기",
    "End with 0 when the service lives, else with 3.": "서비스가 살아 있으면 0, 아니면 3으로 끝남",
    "What waits, what was refused, sending it again.": "대기 및 거부된 데이터, 다시 보내기",
    "Values of the embedded history.": "내장 이력의 값 조회",
    "Send a time span from history again.": "이력의 한 구간을 다시 전송",
    "Asset Administration Shells of the devices.": "설비의 AAS (자산관리쉘)",
    "Trust or refuse OPC UA servers' certificates.": "OPC UA 서버 인증서 신뢰/거부",
    "Passwords and keys that no file holds.": "파일에 쓰지 않는 비밀번호와 키",
    "Who may use the HTTP side.": "HTTP 사용자 관리",
    "Schemas for editors; what a configuration means.": "편집기용 스키마, 설정의 실제 의미",
    "What a code such as E1203, or a reason, means, offline.":
        "E1203 같은 코드나 이유의 뜻 (오프라인)",
    "Simulated machines, broker and platform.": "모의 설비, 브로커, 플랫폼",
    "Versions, for a question to support.": "버전 정보 (문의할 때)",
    "Show that nothing is lost: machines, broker, platform and gateway on this PC alone.":
        "유실이 없음을 보여 줍니다: 설비, 브로커, 플랫폼, 게이트웨이를 모두 이 PC에서",
    "Run unattended for this long; 60s without a terminal.":
        "이 시간 동안 자동 실행. 터미널이 없으면 60s",
    "Seed of the machines.": "모의 설비의 난수 씨앗",
    "Keep everything in this folder.": "모든 파일을 이 폴더에 남김",
    "The ledger as the last line.": "마지막 줄에 수지를 JSON으로",
    "Check a configuration. Exit: 0 right, 1 warnings (--strict), 2 wrong, 3 not reached.":
        "설정을 검사합니다. 종료값: 0 정상, 1 경고(--strict), 2 오류, 3 연결 안 됨",
    "Folder with gateway.yaml.": "gateway.yaml 이 있는 폴더",
    "Data folder of the service.": "서비스의 데이터 폴더",
    "For programs.": "프로그램용 출력",
    "Warnings count: exit 1.": "경고가 있으면 1로 끝남",
    "Connect and prove every tag.": "연결해서 모든 태그를 확인",
    "Collect, keep and forward until stopped by Ctrl+C or SIGTERM.":
        "Ctrl+C 또는 SIGTERM까지 수집, 저장, 전송합니다.",
    "console or json.": "console 또는 json",
    "More lines in the log.": "로그를 더 자세히",
    "Show again every second.": "1초마다 다시 보기",
    "End with 1 when something needs attention.": "조치할 것이 있으면 1로 끝남",
    "Show the newest values of tags, twice a second, until Ctrl+C.":
        "태그의 최신 값을 0.5초마다 보여 줍니다. 끝내기: Ctrl+C",
    "Pattern over DEVICE/TAG, such as 'press-01/*Temp*'.": "설비/태그 패턴. 예: 'press-01/*온도*'",
    "Only values that differ.": "바뀐 값만",
    "End after this many lines.": "이만큼 보여 주고 끝냄",
    "Follow the newest value of one tag.": "태그 하나의 최신 값을 추적합니다.",
    "DEVICE/TAG, by name or element path.": "설비/태그. 이름 또는 요소 경로",
    "Show everything in motion, until Ctrl+C.": "전체 현황을 계속 보여 줍니다. 끝내기: Ctrl+C",
    "Pattern over DEVICE/TAG.": "설비/태그 패턴",
    "Show once and end.": "한 번만 보여 줌",
    "End with 0 when the service lives, with 3 when it does not.":
        "서비스가 살아 있으면 0, 아니면 3으로 끝납니다.",
    "Show destinations with what waits for them, and the files.":
        "전송처별 대기량과 파일을 봅니다.",
    "Show records by their offsets.": "오프셋으로 레코드를 봅니다.",
    "Offset.": "오프셋",
    "Last offset.": "마지막 오프셋",
    "Show what destinations refused, and why.": "전송처가 거부한 레코드와 사유를 봅니다.",
    "Only of this one.": "이 전송처만",
    "Put quarantined records back to their destination.": "격리된 레코드를 다시 보냅니다.",
    "Ids as `quarantine` shows them.": "`quarantine` 에 나오는 번호",
    "Write records as JSON lines.": "레코드를 JSON 줄로 씁니다.",
    "File of JSON lines; - for standard output.": "쓸 파일. - 는 표준 출력",
    "First offset.": "첫 오프셋",
    "Usage logs of solutions: the ledger and its proof.": "솔루션 사용로그: 원장과 그 증명",
    "Show events and where each stands.":
        "이벤트와 각각의 상태를 봅니다.",
    "A day in Korea, such as 2026-11-26.": "날짜(한국시간). 예: 2026-11-26",
    "Such as queued or delivered.": "예: queued 또는 delivered",
    "Only of this delivery.": "이 전송처만",
    "Show today of each delivery, what waits, the last receipt.":
        "전송처별 오늘 현황, 대기, 서비스의 마지막 답을 봅니다.",
    "Show requests and the service's answers.":
        "보낸 요청과 서비스의 답(코드, 내용)을 봅니다.",
    "Id of one event; without it all.": "이벤트 ID. 없으면 전체",
    "Prove that the ledger is as it was written; else end with 1.":
        "원장에 변경, 삭제, 추가가 없음을 증명합니다. 문제가 있으면 1로 끝납니다.",
    "Say what a usage code means and what to do.":
        "서비스 코드, 사용구분, 게이트웨이 코드의 뜻과 할 일",
    "Such as AP1029, DO6001 or U1001.": "예: AP1029, DO6001, U1001",
    "Write a month for the audit, with Korean headers.":
        "점검용 월 자료를 씁니다: 요약, 이벤트, 전송이력",
    "File to write.": "쓸 파일",
    "Such as 2026-11.": "예: 2026-11",
    "xlsx or csv.": "xlsx 또는 csv",
    "Send an event after all that was set aside; on its own day only.":
        "격리된 이벤트를 다시 보내게 합니다. 그날 안에만 가능합니다.",
    "Id of a quarantined event, as `ls` shows it.": "`ls`에 보이는 격리된 이벤트의 ID",
    "Say whom a pseudonym stands for; only this gateway knows.":
        "가명이 누구인지 봅니다. 이 게이트웨이만 압니다.",
    "As `ls` shows it.": "`ls` 에 나오는 이름",
    "Erase personal content; events and proof stay.":
        "개인정보를 영구히 파기합니다. 이벤트, 시각, 상태와 증명은 남습니다.",
    "A user as sent, or by name.": "전송된 사용자 이름 또는 원래 이름",
    "All that came before this day.": "이 날짜 전에 들어온 것 전부",
    "Do not ask.": "묻지 않음",
    "List the series, one a line.": "계열을 한 줄에 하나씩 봅니다.",
    "Pattern such as 'press-01/*'.": "패턴. 예: 'press-01/*'",
    "Show the rows of a series, raw or by buckets.": "계열의 값을 그대로 또는 구간별로 봅니다.",
    "press-01/OperationalData.Mold.Temp, or its end.":
        "press-01/OperationalData.Mold.Temp 또는 그 뒷부분",
    "Inclusive: ISO time or -2h.": "시작 시각(포함): ISO 시각 또는 -2h",
    "Exclusive.": "끝 시각(제외)",
    "Bucket: 10s, 1m, 1h.": "구간: 10s, 1m, 1h",
    "mean, min, max, last or count.": "mean, min, max, last, count 중 하나",
    "Rows at most.": "최대 행 수",
    "Send samples from history to one platform again; the service may run beside it.":
        "이력의 값을 플랫폼에 다시 보냅니다. 서비스 실행 중에도 됩니다.",
    "First time, such as 2026-11-23T14:30.": "시작 시각. 예: 2026-11-23T14:30",
    "Last time; a date means its whole day.": "끝 시각. 날짜만 쓰면 그날 전체",
    "Configuration folder.": "설정 폴더",
    "Name of the platform.": "플랫폼 이름",
    "Count only, send nothing.": "세기만 하고 보내지 않음",
    "List shells and their submodels.": "AAS와 서브모델 목록을 봅니다.",
    "Print a shell or submodel as JSON, with live values when the service runs.":
        "AAS나 서브모델을 JSON으로 봅니다. 실행 중이면 현재 값을 넣습니다.",
    "DEVICE or DEVICE/SUBMODEL.": "설비 또는 설비/서브모델",
    "Values only.": "값만",
    "Write shells, submodels and concept descriptions into one file.":
        "AAS, 서브모델, 개념 설명을 한 파일로 내보냅니다.",
    "File to write: .json, .xml or .aasx.": "쓸 파일: .json, .xml, .aasx",
    "Only this device; repeatable.": "이 설비만. 여러 번 쓸 수 있음",
    "json, xml or aasx.": "json, xml, aasx 중 하나",
    "3.0 or 3.1, for XML and AASX.": "3.0 또는 3.1 (XML, AASX)",
    "History as CSV inside an AASX: 24h, 30m; 0s for none.":
        "AASX에 CSV로 넣을 이력: 24h, 30m (0s: 넣지 않음)",
    "Read an AAS file of any metamodel, repair it, and write it clean with --out.":
        "모든 메타모델의 AAS 파일을 읽어 고치고, --out 으로 저장합니다.",
    "AAS file: .aasx, .xml or .json.": "AAS 파일: .aasx, .xml, .json",
    "Metamodel of the file: 3.0 or 3.1.": "쓸 파일의 메타모델: 3.0 또는 3.1",
    "Show every repair.": "고친 곳을 모두 보기",
    "Read AAS files of any metamodel and say what is wrong. Exit: 0 all whole, 1 not.":
        "AAS 파일을 읽고 잘못된 곳을 알려 줍니다. 종료값: 0 모두 온전, 1 아님",
    "AAS files, or folders with them.": "AAS 파일 또는 폴더",
    "List certificates, those that wait for a decision last.":
        "인증서 목록. 결정을 기다리는 것이 마지막",
    "Show one certificate in full.": "인증서 하나를 자세히 봅니다.",
    "Beginning of the fingerprint, 4 or more hex digits.": "지문 앞부분, 16진수 4자 이상",
    "Trust a certificate from the next connection try on.":
        "다음 연결 시도부터 인증서를 신뢰합니다.",
    "Refuse a certificate from the next connection on.": "다음 연결부터 인증서를 거부합니다.",
    "Store a secret; asked for without showing it, or read from standard input.":
        "비밀값을 저장합니다. 화면에 보이지 않게 묻거나 표준 입력에서 읽습니다.",
    "The name after !secret.": "!secret 뒤의 이름",
    "List the names that are stored; never what they hold.":
        "저장된 이름만 봅니다. 값은 보이지 않습니다.",
    "Remove a secret.": "비밀값을 지웁니다.",
    "Add a user; asks for the password, or makes one for a program.":
        "사용자 추가. 비밀번호를 묻거나 프로그램용으로 만듭니다.",
    "viewer or operator.": "viewer 또는 operator",
    "Make a secret for a program instead of asking.": "묻지 않고 프로그램용 비밀값을 만듦",
    "The users file.": "사용자 파일",
    "Name of the user.": "사용자 이름",
    "List users and roles, never passwords.": "사용자와 역할. 비밀번호는 보이지 않습니다.",
    "Remove a user.": "사용자를 지웁니다.",
    "Print the JSON schemas of gateway.yaml and of device files.":
        "gateway.yaml 과 설비 파일의 JSON 스키마",
    "gateway or device; without it both.": "gateway 또는 device. 없으면 둘 다",
    "Folder to write the files into.": "파일을 쓸 폴더",
    "Show what the files say; --effective with every default, id and element. Never a secret.":
        "설정 내용. --effective 는 기본값, ID, 요소까지. 비밀값은 숨김",
    "With all defaults, ids and elements.": "모든 기본값, ID, 요소 포함",
    "Say what a code or reason means and what to do; `units` lists units; nothing lists all.":
        "코드의 뜻과 할 일. `units` 는 단위 목록, 코드가 없으면 전체 목록",
    "Such as E1203, certificate-unknown, or `units`.": "예: E1203, certificate-unknown, `units`",
    "An OPC UA press line: press, injection moulder, CNC.":
        "OPC UA 프레스 라인: 프레스, 사출기, CNC",
    "An MQTT cell: room sensors, status, readings.": "MQTT 셀: 환경 센서, 상태, 측정값",
    "A small MQTT broker on 127.0.0.1.": "127.0.0.1 의 작은 MQTT 브로커",
    "The central platform, with faults on wish.": "중앙 플랫폼 (장애를 만들 수 있음)",
    "The programme's log service: its rules and bad days.":
        "사업관리시스템 로그수집 서비스 모의: 규칙과 장애",
    "The small-workshop programme's KPI service.": "스마트공방 KPI 서비스 모의",
    "A TCP proxy that cuts, delays and corrupts.": "끊고 늦추고 망가뜨리는 TCP 프록시",
    "Write devices as Data submodels of KS X 9101 / MDT, with values when the service runs.":
        "설비를 KS X 9101 / MDT Data 서브모델로 씀 (실행 중이면 값 포함)",
    "AASX, XML or JSON; without any, the running service.":
        "AASX, XML, JSON. 없으면 실행 중인 서비스",
    "AAS API to judge, such as http://host:8080/api/v3.1.":
        "검증할 AAS API. 예: http://host:8080/api/v3.1",
    "Write the report as one static page.": "보고서를 HTML 한 장으로 씀",
    "auto, 3.0 or 3.1; JSON itself does not say.":
        "auto, 3.0, 3.1 (JSON에는 버전 표시가 없음)",
    "Another list of accepted objections.": "다른 허용 목록 파일",
    "Let independent judges verify files or an API. Exit 0: nothing unaccepted failed.":
        "독립 판정 도구로 파일이나 API를 검증합니다. 허용 외 지적이 없으면 0",
    "Files of the KOSMO reference solution, both ways.":
        "KOSMO 레퍼런스 솔루션 파일 가져오기/내보내기",
    "AASX, AAS XML or JSON, or a configuration folder.": "AASX, AAS XML/JSON 또는 설정 폴더",
    "Folder to write the three files into.": "세 파일을 쓸 폴더",
    "sound, or reference: the reference parser's types where they fit.":
        "sound 또는 reference (값이 맞으면 레퍼런스 파서의 자료형)",
    "engineering.csv with BOM and CRLF, for Excel.": "엑셀용 engineering.csv (BOM, CRLF)",
    "Write nodeset.xml, engineering.csv and syscfg.json. Exit 1: something was lost.":
        "nodeset.xml, engineering.csv, syscfg.json 을 씁니다. 잃은 것이 있으면 1로 끝남",
    "Folder with engineering.csv, syscfg.json and the AAS.":
        "engineering.csv, syscfg.json, AAS 가 있는 폴더",
    "Configuration folder to write.": "새로 쓸 설정 폴더",
    "Only rows of this gateway.": "이 게이트웨이의 행만",
    "Field devices' servers without OPC UA security.": "필드장비 서버에 OPC UA 보안이 없음",
    "The AAS, where the folder holds several.": "폴더에 AAS가 여러 개일 때 쓸 파일",
    "Make a configuration. Exit 1: a mapped row is not collected; 2: nothing was written.":
        "설정을 만듭니다. 1: 수집하지 않는 매핑 행이 있음, 2: 아무것도 쓰지 않음",
    "Print the versions of the gateway, Python and the libraries that matter.":
        "게이트웨이, Python, 주요 라이브러리의 버전",
}  # fmt: skip


def translate(command: Any) -> None:
    """Put the help of a command, its options and its subcommands into Korean."""
    command.help = TEXTS.get((command.help or "").strip(), command.help)
    for param in command.params:
        param.help = TEXTS.get(param.help or "", param.help)
    for each in getattr(command, "commands", {}).values():
        translate(each)


def headings(text: str) -> str:
    """Put the words of the frame around the help texts into Korean."""
    for english, korean in HEADINGS.items():
        text = text.replace(english, korean)
    return text

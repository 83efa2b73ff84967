"""Units a tag may have, under every spelling that people use, with their UN/ECE codes.

Source of the codes: UN/ECE Recommendation 20 (common codes); OPC UA servers name units by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from gateway.config.words import nearest


@dataclass(frozen=True, slots=True)
class Unit:
    """`name` is what goes into the plan; `korean` how people say it."""

    name: str
    unece: str
    korean: str


_TABLE = """
degC | CEL | 섭씨 | °C ℃ Cel C 도
degF | FAH | 화씨 | °F ℉
K | KEL | 켈빈 |
% | P1 | 퍼센트 | percent pct 프로
%RH | P1 | 상대습도 | RH
ppm | 59 | 백만분율 |
ppb | 61 | 십억분율 |
W | WTT | 와트 |
kW | KWT | 킬로와트 | KW
MW | MAW | 메가와트 |
Wh | WHR | 와트시 |
kWh | KWH | 킬로와트시 | KWH kwh
MWh | MWH | 메가와트시 |
VA | D46 | 볼트암페어 |
kVA | KVA | 킬로볼트암페어 | KVA
var | D44 | 바 | VAr VAR
kvar | KVR | 킬로바 | kVAr kVAR
kvarh | K3 | 킬로바시 | kVArh
J | JOU | 줄 |
kJ | KJO | 킬로줄 |
MJ | 3B | 메가줄 |
kcal | E14 | 킬로칼로리 |
V | VLT | 볼트 |
mV | 2Z | 밀리볼트 |
kV | KVT | 킬로볼트 |
A | AMP | 암페어 |
mA | 4K | 밀리암페어 |
uA | B84 | 마이크로암페어 | µA μA
kA | B22 | 킬로암페어 |
Ah | AMH | 암페어시 |
ohm | OHM | 옴 | Ω
kohm | B49 | 킬로옴 | kΩ
Mohm | B75 | 메가옴 | MΩ
uF | 4O | 마이크로패럿 | µF μF
Hz | HTZ | 헤르츠 |
kHz | KHZ | 킬로헤르츠 |
MHz | MHZ | 메가헤르츠 |
Pa | PAL | 파스칼 |
hPa | A97 | 헥토파스칼 |
kPa | KPA | 킬로파스칼 |
MPa | MPA | 메가파스칼 | Mpa
bar | BAR | 바아 |
mbar | MBR | 밀리바 |
psi | PS | 피에스아이 |
kgf/cm2 | E42 | 킬로그램힘 | kgf/cm² kgf/㎠
mmHg | HN | 수은주밀리미터 |
mmH2O | HP | 수주밀리미터 | mmAq
Torr | UA | 토르 | torr
N | NEW | 뉴턴 |
kN | B47 | 킬로뉴턴 |
kgf | B37 | 중량킬로그램 |
tf | B58 | 톤힘 | tonf
Nm | NU | 뉴턴미터 | N.m N·m
N/mm2 | C56 | 제곱밀리당뉴턴 | N/mm² N/㎟
m | MTR | 미터 |
km | KMT | 킬로미터 |
cm | CMT | 센티미터 | ㎝
mm | MMT | 밀리미터 | ㎜
um | 4H | 마이크로미터 | µm μm 미크론 ㎛
nm | C45 | 나노미터 |
in | INH | 인치 | inch
ft | FOT | 피트 |
m2 | MTK | 제곱미터 | m² ㎡
mm2 | MMK | 제곱밀리미터 | mm² ㎟
m3 | MTQ | 세제곱미터 | m³ ㎥ 루베
cm3 | CMQ | 세제곱센티미터 | cm³ cc ㎤
L | LTR | 리터 | l ℓ
mL | MLT | 밀리리터 | ml ㎖
L/min | L2 | 분당리터 | l/min LPM lpm
L/h | E32 | 시간당리터 | l/h
m3/h | MQH | 시간당세제곱미터 | m³/h ㎥/h CMH
m3/min | G53 | 분당세제곱미터 | m³/min ㎥/min CMM
m3/s | MQS | 초당세제곱미터 | m³/s
m/s | MTS | 초당미터 |
mm/s | C16 | 초당밀리미터 |
m/min | 2X | 분당미터 | mpm
mm/min | H81 | 분당밀리미터 |
km/h | KMH | 시속 | kph
m/s2 | MSK | 제곱초당미터 | m/s²
gn | K40 | 중력가속도 | g0
mm/rev | | 회전당밀리미터 | mm/r
rpm | RPM | 분당회전수 | r/min 1/min RPM
rps | RPS | 초당회전수 | r/s
rad | C81 | 라디안 |
rad/s | 2A | 초당라디안 |
deg | DD | 각도 | °
s | SEC | 초 | sec
ms | C26 | 밀리초 | msec
us | B98 | 마이크로초 | µs μs
min | MIN | 분 |
h | HUR | 시간 | hr hour
d | DAY | 일 | day
g | GRM | 그램 |
mg | MGM | 밀리그램 |
kg | KGM | 킬로그램 | KG Kg ㎏
t | TNE | 톤 | ton
kg/h | E93 | 시간당킬로그램 |
kg/min | F31 | 분당킬로그램 |
kg/s | KGS | 초당킬로그램 |
t/h | E18 | 시간당톤 |
kg/m3 | KMQ | 세제곱미터당킬로그램 | kg/m³
g/cm3 | 23 | 세제곱센티미터당그램 | g/cm³
mg/L | M1 | 리터당밀리그램 | mg/l
ug/m3 | GQ | 세제곱미터당마이크로그램 | µg/m³ μg/m³
Pa.s | C65 | 파스칼초 | Pa·s
cP | C7 | 센티포아즈 |
mm2/s | C17 | 센티스토크스 | cSt mm²/s
S/m | D10 | 미터당지멘스 |
uS/cm | | 센티미터당마이크로지멘스 | µS/cm μS/cm
pH | Q30 | 산도 |
NTU | | 탁도 |
lx | LUX | 럭스 | lux
lm | LUM | 루멘 |
cd | CDL | 칸델라 |
dB | 2N | 데시벨 | dBA dB(A)
W/m2 | D54 | 제곱미터당와트 | W/m²
T | D33 | 테슬라 |
mT | C29 | 밀리테슬라 |
pcs | H87 | 개 | ea EA pc 개수 each
shot | | 쇼트 | shots 타수
cycle | B7 | 사이클 | cycles
pcs/min | | 분당개수 | ea/min spm SPM
bit | A99 | 비트 |
B | AD | 바이트 | byte
bit/s | B10 | 초당비트 | bps
1 | C62 | 무차원 | - none
"""


@cache
def units() -> dict[str, Unit]:
    """Give every spelling and what it means."""
    found: dict[str, Unit] = {}
    for line in _TABLE.strip().splitlines():
        name, unece, korean, spellings = (part.strip() for part in line.split("|"))
        unit = Unit(name, unece, korean)
        for spelling in (name, korean, *spellings.split()):
            assert spelling not in found, spelling
            found[spelling] = unit
    return found


def canonical_unit(text: str) -> str | None:
    """Give the one name of a unit, None where nobody knows it."""
    unit = units().get(text.strip())
    return unit.name if unit is not None else None


def nearest_unit(text: str) -> str:
    """Give the unit that was probably meant, or an empty text."""
    known = units()
    lowered = {spelling.lower(): unit for spelling, unit in known.items()}
    unit = lowered.get(text.strip().lower())
    if unit is None:
        near = nearest(text, known) or next((s for s in known if len(s) > 1 and s in text), None)
        near = near or next((s for s in known if s in text and not s.isascii()), "")
        unit = known.get(near)
    return unit.name if unit is not None else ""

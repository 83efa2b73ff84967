"""Units that factories use: the printable sign, the UN/ECE code and the dictionary entry.

Sources: UN/ECE Recommendation 20 (common codes); QUDT unit vocabulary (https://qudt.org, CC BY 4.0)
for the entry that `unitId` refers to.
"""

from __future__ import annotations

from dataclasses import dataclass

QUDT = "http://qudt.org/vocab/unit/"


@dataclass(frozen=True, slots=True)
class Unit:
    """`sign` is what people read, `uri` the entry of the unit in a public dictionary."""

    sign: str
    unece: str
    qudt: str

    @property
    def uri(self) -> str:
        return QUDT + self.qudt


_TABLE = {
    "degC °C Cel ℃": Unit("°C", "CEL", "DEG_C"),
    "degF °F": Unit("°F", "FAH", "DEG_F"),
    "K": Unit("K", "KEL", "K"),
    "% percent": Unit("%", "P1", "PERCENT"),
    "ppm": Unit("ppm", "59", "PPM"),
    "W": Unit("W", "WTT", "W"),
    "kW": Unit("kW", "KWT", "KiloW"),
    "MW": Unit("MW", "MAW", "MegaW"),
    "Wh": Unit("Wh", "WHR", "W-HR"),
    "kWh": Unit("kWh", "KWH", "KiloW-HR"),
    "J": Unit("J", "JOU", "J"),
    "V": Unit("V", "VLT", "V"),
    "mV": Unit("mV", "2Z", "MilliV"),
    "kV": Unit("kV", "KVT", "KiloV"),
    "A": Unit("A", "AMP", "A"),
    "mA": Unit("mA", "4K", "MilliA"),
    "Hz": Unit("Hz", "HTZ", "HZ"),
    "kHz": Unit("kHz", "KHZ", "KiloHZ"),
    "Pa": Unit("Pa", "PAL", "PA"),
    "kPa": Unit("kPa", "KPA", "KiloPA"),
    "MPa": Unit("MPa", "MPA", "MegaPA"),
    "bar": Unit("bar", "BAR", "BAR"),
    "N": Unit("N", "NEW", "N"),
    "kN": Unit("kN", "B47", "KiloN"),
    "Nm N.m N·m": Unit("N·m", "NU", "N-M"),
    "m": Unit("m", "MTR", "M"),
    "mm": Unit("mm", "MMT", "MilliM"),
    "cm": Unit("cm", "CMT", "CentiM"),
    "um µm μm": Unit("µm", "4H", "MicroM"),
    "m/s": Unit("m/s", "MTS", "M-PER-SEC"),
    "mm/s": Unit("mm/s", "C16", "MilliM-PER-SEC"),
    "m/min": Unit("m/min", "2X", "M-PER-MIN"),
    "m/s2 m/s²": Unit("m/s²", "MSK", "M-PER-SEC2"),
    "rpm r/min 1/min": Unit("r/min", "RPM", "REV-PER-MIN"),
    "deg °": Unit("°", "DD", "DEG"),
    "rad": Unit("rad", "C81", "RAD"),
    "s": Unit("s", "SEC", "SEC"),
    "ms": Unit("ms", "C26", "MilliSEC"),
    "min": Unit("min", "MIN", "MIN"),
    "h": Unit("h", "HUR", "HR"),
    "g": Unit("g", "GRM", "GM"),
    "kg": Unit("kg", "KGM", "KiloGM"),
    "t": Unit("t", "TNE", "TONNE"),
    "L l": Unit("L", "LTR", "L"),
    "m3 m³": Unit("m³", "MTQ", "M3"),
    "L/min l/min": Unit("L/min", "L2", "L-PER-MIN"),
    "m3/h m³/h": Unit("m³/h", "MQH", "M3-PER-HR"),
    "lx": Unit("lx", "LUX", "LUX"),
    "dB": Unit("dB", "2N", "DeciB"),
    "ohm Ω": Unit("Ω", "OHM", "OHM"),
}
UNITS = {spelling: unit for spellings, unit in _TABLE.items() for spelling in spellings.split()}


def unit_named(text: str) -> Unit | None:
    """Look a unit up by what a device file says; None where the table does not know it."""
    return UNITS.get(text.strip())

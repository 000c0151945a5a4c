"""Leaf Spy's trip logs as files: every width that they have had, and what spreadsheets make of them (leafspy §9)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from .leafspy_app import VIN

HEADER = (
    "Date/Time,Lat,Long,Elv,Speed,Gids,SOC,AHr,Pack Volts,Pack Amps,Max CP mV,Min CP mV,Avg CP mV,CP mV Diff,"
    "Judgment Value,Pack T1 F,Pack T1 C,Pack T2 F,Pack T2 C,Pack T3 F,Pack T3 C,Pack T4 F,Pack T4 C,"
    + ",".join(f"CP{cell}" for cell in range(1, 97))
    + ",12v Bat Amps,VIN,Hx,12v Bat Volts,Odo(km),QC,L1/L2,TP-FL,TP-FR,TP-RR,TP-RL,Ambient,SOH,RegenWh,BLevel,"
    "epoch time,Motor Pwr(100w),Aux Pwr(100w),A/C Pwr(250w),A/C Comp(0.1MPa),Est Pwr A/C(50w),Est Pwr Htr(250w),"
    "Plug State,Charge Mode,OBC Out Pwr,Gear,HVolt1,HVolt2,GPS Status,Power SW,BMS,OBC,Debug,"
    "Motor Temp,Inverter 2 Temp,Inverter 4 Temp, Speed1, Speed2,Wiper Status,Torque Nm,RPM,Debug"
).split(",")
WIDTHS = (152, 155, 158, 159, 161)

_ORDINARY: Mapping[str, str] = {
    "Lat": "52 35.29",
    "Long": "-0 7.2",
    "Elv": "35",
    "Speed": "41.2",
    "Gids": "236",
    "Pack Volts": "363.2",
    "Pack Amps": "21.5",
    "Pack T3 F": "none",
    "Pack T3 C": "none",
    "12v Bat Amps": "na",
    "12v Bat Volts": "14.12",
    "Ambient": "59.0",
    "Gear": "4",
    "GPS Status": "1F",
    "Power SW": "1",
    "BMS": "1",
    "OBC": "1",
    "Wiper Status": "0F",
}


@dataclass(frozen=True, kw_only=True)
class Drive:
    """One line's figures, as the vehicle has them."""

    at: datetime
    level: float = 60.0
    health: float = 86.25
    temperature: float = 18.0
    amp_hours: float = 56.3
    hx: float = 79.9
    spread: float = 18.0
    odometer: float = 51_096.0
    vin: str = VIN

    def row(self, width: int = 161, instead: Mapping[str, str] | None = None) -> list[str]:
        """Write it as the app does; ``instead`` replaces columns, whose names go without anything but letters."""
        values = dict(_ORDINARY) | {
            "Date/Time": self.at.strftime("%m/%d/%Y %H:%M:%S"),
            "SOC": str(round(self.level * 10_000)),
            "AHr": str(round(self.amp_hours * 10_000)),
            **{f"Pack T{place} C": f"{self.temperature:.1f}" for place in (1, 2, 4)},
            **{f"Pack T{place} F": f"{self.temperature * 1.8 + 32:.1f}" for place in (1, 2, 4)},
            "VIN": self.vin,
            "Hx": f"{self.hx:.14f}",
            "Odo(km)": f"{self.odometer:.0f}",
            "CP mV Diff": f"{self.spread:.0f}",
            "SOH": f"{self.health:.2f}",
            "epoch time": f"{self.at.timestamp():.3f}",
        }
        values |= {f"CP{cell}": str(-3790 - cell if cell % 7 == 0 else 3790 + cell) for cell in range(1, 97)}
        spelt = {"".join(filter(str.isalnum, name)).lower(): name for name in reversed(HEADER)}
        values |= {spelt[name]: value for name, value in (instead or {}).items()}
        return [values.get(name, "0") for name in HEADER[:width]]


def log(
    rows: Iterable[list[str]],
    *,
    header: list[str] | None = HEADER,
    delimiter: str = ",",
    end: str = "\n",
    write: Callable[[str], str] = str,
) -> bytes:
    """Write a file of ``rows``; ``write`` turns each value into what is written."""
    lines = [] if header is None else [delimiter.join(header)]
    lines += [delimiter.join(write(value) for value in row) for row in rows]
    return (end.join(lines) + end).encode()


def archive(files: Mapping[str, bytes]) -> bytes:
    """Put files into a ZIP archive."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return packed.getvalue()

"""Values in the units that are asked for."""

from custom_components.nissanconnect.backends.base import Json

KM_PER_MILE = 1.609344
KPA_PER_PSI = 6.894757


def distance(km: float, unit: Json) -> int:
    return round(km / KM_PER_MILE if unit == "MILE" else km)


def degrees(celsius: float, unit: Json) -> float:
    return round(celsius * 1.8 + 32, 1) if unit == "FAHRENHEIT" else celsius


def celsius(value: float, unit: Json) -> float:
    return round((value - 32) / 1.8, 1) if unit == "FAHRENHEIT" else value


def psi(kpa: float) -> int:
    return round(kpa / KPA_PER_PSI)

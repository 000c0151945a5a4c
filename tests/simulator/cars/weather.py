"""The weather around the simulated cars: a mild climate with seasons, nights and better and worse weeks."""

from datetime import datetime, tzinfo
from math import cos, sin, tau


def outside_temperature(at: datetime, zone: tzinfo) -> float:
    """Return the air temperature in °C at ``at``, for a place whose clocks show ``zone``.

    A function of time alone, so a simulator that starts again finds the weather that it had left.
    """
    local = at.astimezone(zone)
    hours = local.hour + local.minute / 60 + local.second / 3600
    days = local.toordinal() + hours / 24
    season = -7.5 * cos(tau * (days - 20) / 365.2425)  # coldest about 20 January
    daytime = -3.5 * cos(tau * (hours - 4) / 24)  # coldest at four in the morning
    spell = 1.5 * sin(tau * days / 5.3) + 1.5 * sin(tau * days / 11.7)
    return 10.5 + season + daytime + spell

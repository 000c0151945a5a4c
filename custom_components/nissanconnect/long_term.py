"""Which sensors Home Assistant keeps statistics of: for each that has them, 312 rows a day, 24 of them for ever.

A sensor that has statistics from earlier keeps them, whatever is written here.
"""

from collections.abc import Mapping

WITH_STATISTICS: Mapping[str, str] = {
    "area_distance": "Off until its owner enables it, for the curve.",
    "aux_battery_voltage": "A 12 V battery ages over months, and a single reading does not show that.",
    "battery_amp_hours": "Leaf Spy's logs are imported into it.",
    "battery_health": "Ages over years. Leaf Spy's logs are imported into it.",
    "battery_health_bars": "Ages over years, and is all that an old vehicle knows of it.",
    "battery_hx": "Ages over years. Leaf Spy's logs are imported into it.",
    "battery_level": "What a day, a week, a winter took.",
    "battery_temperature": "What ageing follows. Leaf Spy's logs are imported into it.",
    "cell_spread": "Grows over years when cells age differently.",
    "charging_power": "Home Assistant's energy dashboard takes it.",
    "fuel_level": "What a week took.",
    "odometer": "What was driven in a month or a year.",
    "range": "What a full battery is worth in winter and in summer.",
    "requests_today": "Off until its owner enables it, for the curve.",
    "signal": "Off until its owner enables it, for the curve.",
}
"""The keys of sensors, and what their statistics are good for."""

WITHOUT_STATISTICS: Mapping[str, str] = {
    "battery_capacity": "A nominal value that never changes.",
    "battery_energy": "The curve of the level, times the capacity.",
    "fuel_quantity": "The curve of the level, times the size of the tank.",
    "fuel_range": "The curve of the level, times the consumption.",
    "heading": "Says something together with the time and the place only.",
    "inside_temperature": "Known while the climate runs, and otherwise as old as that.",
    "oil_change": "The curve of the odometer, upside down.",
    "outside_temperature": "As old as the last report, and the weather has a better curve.",
    "range_climate_on": "The curve of the range, a little lower.",
    "tyre_pressure_front_left": "Follows the temperature; an alert says when it is too low.",
    "tyre_pressure_front_right": "Follows the temperature; an alert says when it is too low.",
    "tyre_pressure_rear_left": "Follows the temperature; an alert says when it is too low.",
    "tyre_pressure_rear_right": "Follows the temperature; an alert says when it is too low.",
    "wakes_today": "The logbook has every single one.",
}
"""The keys of numbers whose days of history are enough, and why."""

/** The view of one vehicle: its card, what happened, and by sections all that it tells and what it can be asked for. */
import {
  MARKER,
  OWN_NAME,
  WHOLE_WIDTH,
  badge,
  button,
  byDay,
  carefulButton,
  heading,
  map,
  onlyWhile,
  present,
  row,
  section,
  tile,
  vehicleCard,
  whenKnown,
  whenThere,
} from "./cards.js";
import { finder, iconOf } from "./source.js";

const BADGES = [
  onlyWhile(badge("binary_sensor.tyre_warning"), "on"),
  onlyWhile(badge("binary_sensor.warning_lamp"), "on"),
  onlyWhile(badge("binary_sensor.fuel_low"), "on"),
  onlyWhile(badge("binary_sensor.privacy_mode"), "on"),
  onlyWhile(badge("update.software"), "on"),
];

/** What tells what has happened to a vehicle, as one would say it: not every value that has changed. */
const EVENTS = [
  "event.alert",
  "event.command",
  "device_tracker.location",
  "lock.lock",
  "binary_sensor.locked",
  "binary_sensor.plugged_in",
  "sensor.charging_status",
  "climate.climate",
];

const corners = (what) => ["front_left", "front_right", "rear_left", "rear_right"].map((corner) => `${what}_${corner}`);

/** Returns the sections of all vehicles: a heading, an icon, and cards of which each vehicle gets those it has. */
function sectionsFor(t, vehicle) {
  return [
    {
      title: t("charging"),
      icon: "mdi:ev-station",
      cards: [
        tile("sensor.battery_level", ["bar-gauge"], { color: "green" }),
        tile("sensor.range"),
        tile("sensor.range_climate_on"),
        tile("binary_sensor.plugged_in"),
        tile("sensor.charging_status"),
        whenKnown(tile("sensor.charging_power")),
        whenKnown(tile("sensor.charging_finish")),
        whenThere(tile("switch.charging", ["toggle"])),
        whenThere(tile("number.charge_limit", ["numeric-input"])),
        whenThere(button("button.start_charging")),
      ],
    },
    {
      title: t("charge_plan"),
      icon: "mdi:calendar-clock",
      cards: [
        tile("sensor.plan_status"),
        tile("time.ready_by"),
        whenKnown(tile("sensor.planned_start")),
        whenKnown(tile("sensor.planned_finish")),
        tile("switch.smart_charging", ["toggle"]),
      ],
    },
    {
      title: t("fuel"),
      icon: "mdi:gas-station",
      cards: [
        tile("sensor.fuel_level", ["bar-gauge"]),
        tile("sensor.fuel_quantity"),
        tile("sensor.fuel_range"),
        tile("binary_sensor.fuel_low"),
      ],
    },
    {
      title: t("climate"),
      icon: "mdi:air-conditioner",
      cards: [
        tile("climate.climate", ["climate-hvac-modes", "target-temperature"]),
        whenKnown(tile("sensor.inside_temperature")),
        tile("sensor.outside_temperature"),
        whenKnown(tile("sensor.climate_next_start")),
      ],
    },
    {
      title: t("doors"),
      icon: "mdi:car-door",
      cards: [
        whenThere(tile("lock.lock", ["lock-commands"])),
        whenThere(tile("binary_sensor.locked")),
        ...corners("binary_sensor.door").map((name) => tile(name)),
        tile("binary_sensor.hatch"),
        tile("binary_sensor.bonnet"),
        tile("binary_sensor.sunroof"),
        ...corners("binary_sensor.window").map((name) => tile(name)),
      ],
    },
    {
      title: t("trips"),
      icon: "mdi:notebook",
      cards: [
        tile("sensor.last_trip_distance"),
        tile("sensor.last_trip_consumption"),
        tile("sensor.month_distance"),
        tile("sensor.month_consumption"),
        tile("sensor.last_charge_energy"),
        tile("sensor.last_charge_cost"),
        tile("sensor.month_energy"),
        tile("sensor.month_cost"),
        byDay(t("distance_by_day"), [["statistic.distance", t("distance")]]),
        byDay(t("energy_by_day"), [
          ["statistic.energy_consumed", t("energy_used")],
          ["statistic.energy_charged", t("energy_charged")],
        ]),
      ],
    },
    {
      title: t("places"),
      icon: "mdi:map-marker",
      cards: [
        map([MARKER], { rows: 5 }),
        tile("device_tracker.location", [], { grid_options: WHOLE_WIDTH }),
        tile("binary_sensor.area"),
      ],
    },
    {
      title: t("health"),
      icon: "mdi:battery-heart-variant",
      cards: [
        list([
          "sensor.battery_health",
          "sensor.battery_health_bars",
          "sensor.battery_hx",
          "sensor.cell_spread",
          "sensor.battery_capacity",
          "sensor.battery_capacity_estimated",
          "sensor.battery_temperature",
        ]),
      ],
    },
    {
      title: t("condition"),
      icon: "mdi:car-cog",
      cards: [
        list([
          "sensor.odometer",
          "sensor.oil_change",
          "sensor.aux_battery_voltage",
          "binary_sensor.tyre_warning",
          ...corners("sensor.tyre_pressure"),
          "binary_sensor.warning_lamp",
          "sensor.charge_mode",
          "sensor.charge_schedule",
          "sensor.subscription",
          "sensor.subscription_ends",
          "binary_sensor.reachable",
          "sensor.last_report",
          "sensor.wakes_today",
        ]),
      ],
    },
    {
      title: t("commands"),
      icon: "mdi:car-wireless",
      cards: [
        carefulButton("button.refresh", t("ask_refresh", { vehicle: vehicle.name })),
        carefulButton("button.lights", t("ask_lights", { vehicle: vehicle.name })),
        carefulButton("button.horn", t("ask_horn", { vehicle: vehicle.name })),
        button("button.stop_signals"),
        carefulButton("button.start_engine", t("ask_start_engine", { vehicle: vehicle.name })),
        button("button.stop_engine"),
      ],
    },
  ];
}

/** Returns the view of a vehicle. `statistics` are the ids of its own statistics by what they count. */
export function vehicleView(t, vehicle, statistics) {
  const find = finder(vehicle, statistics);
  const sections = sectionsFor(t, vehicle).flatMap(({ title, icon, cards }) =>
    section(heading(title, icon), present(find, cards)),
  );
  const events = EVENTS.flatMap(find);
  const happened = {
    type: "logbook",
    target: { entity_id: events },
    hours_to_show: 72,
    grid_options: { columns: "full", rows: 7 },
  };
  return {
    type: "sections",
    max_columns: 4,
    dense_section_placement: true,
    badges: present(find, BADGES),
    sections: [
      { type: "grid", column_span: 2, cards: [vehicleCard(vehicle, "full")] },
      ...section(heading(t("happened"), "mdi:bell-outline"), events.length ? [happened] : []),
      ...level(t, vehicle, find),
      ...sections,
    ],
  };
}

function list(entities) {
  return { type: "entities", entities: entities.map(row), grid_options: WHOLE_WIDTH };
}

/** Returns the section with the curve of the level: that of the battery, or of the tank. */
function level(t, vehicle, find) {
  const [name, title] = vehicle.has("sensor.battery_level")
    ? ["sensor.battery_level", t("level_week")]
    : ["sensor.fuel_level", t("fuel_week")];
  const curve = {
    type: "statistics-graph",
    chart_type: "line",
    period: "hour",
    days_to_show: 7,
    stat_types: ["mean"],
    hide_legend: true,
    min_y_axis: 0,
    max_y_axis: 100,
    entities: [{ entity: name, name: OWN_NAME }],
    grid_options: { columns: "full", rows: 5 },
  };
  return section(heading(title, iconOf(vehicle)), present(find, [curve]), { column_span: 2 });
}

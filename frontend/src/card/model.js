/** What the card says about a vehicle, from what Home Assistant shows of it. Pure: the time comes from outside. */
import { attention } from "./attention.js";
import { controls } from "./controls.js";

/** The parts that can be open, as the drawing and the entities call them. */
export const PARTS = [
  "door_front_left",
  "door_front_right",
  "door_rear_left",
  "door_rear_right",
  "window_front_left",
  "window_front_right",
  "window_rear_left",
  "window_rear_right",
  "hatch",
  "bonnet",
  "sunroof",
];

export const TYRES = ["front_left", "front_right", "rear_left", "rear_right"];

const PARTS_WITH_AGE = ["battery", "charging", "climate", "body", "position", "odometer", "fuel", "tyres", "aux_battery"];

const FEW_PERCENT = 20;
const FEW_PERCENT_OF_FUEL = 10;

/** A tyre below this share of the one with the most is marked. */
const LOW_TYRE = 0.8;

/** The states of a plan in which it still charges, or is going to. */
const PLANNED = new Set(["planned", "charging", "too_late"]);

/**
 * Returns everything that the card says.
 *
 * `reading` reads the states, `now` is the time, `oldAfter` the age in hours from which data count as old. `calls` are
 * the commands that this card has sent and that have not ended: their start by the control's key.
 */
export function describe(reading, { now, oldAfter = 24, calls = {} }) {
  const kind = kindOf(reading.vehicle);
  const age = ageOf(reading, now, oldAfter);
  const model = {
    id: reading.vehicle.id,
    name: reading.vehicle.name,
    kind,
    now,
    age,
    body: bodyOf(reading.vehicle.device),
    connected: !reading.unavailable("sensor.last_report"),
    ...levels(reading, kind),
    plug: plugOf(reading),
    plan: planOf(reading, now),
    parts: partsOf(reading),
    lock: lockOf(reading),
    tyres: tyresOf(reading),
    climate: climateOf(reading),
    place: placeOf(reading),
    lamp: reading.on("binary_sensor.warning_lamp"),
    auxVoltage: reading.number("sensor.aux_battery_voltage"),
    subscription: reading.value("sensor.subscription"),
    reachable: reading.on("binary_sensor.reachable"),
    wakes: reading.number("sensor.wakes_today"),
    command: commandOf(reading, now),
    sources: sourcesOf(reading),
  };
  model.isNew = model.connected && model.level === null && age.at === null;
  model.open = PARTS.filter((part) => model.parts[part].open);
  model.reportsDoors = PARTS.some((part) => !part.startsWith("window") && model.parts[part].open !== null);
  model.controls = controls(reading, model, calls);
  model.attention = attention(model);
  return model;
}

/** Which energy fills the drawing: that of the battery, if there is a traction battery. */
export function kindOf(vehicle) {
  const burns = ["sensor.fuel_level", "sensor.fuel_quantity", "sensor.fuel_range"].some((name) => vehicle.has(name));
  return burns && !vehicle.has("sensor.battery_level") ? "combustion" : "electric";
}

/** Which outline is drawn, by the words of the model. */
export function bodyOf(device) {
  const model = `${device.model ?? ""} ${device.model_id ?? ""}`.toLowerCase();
  if (/ariya/.test(model)) {
    return "crossover";
  }
  return /qashqai|x-?trail|juke|rogue|murano|pathfinder|kicks|armada|terrano|patrol|navara|frontier/.test(model) ? "suv" : "hatch";
}

function ageOf(reading, now, oldAfter) {
  const at = reading.time("sensor.last_report");
  const seconds = at === null ? null : Math.max(0, (now - at) / 1000);
  return { at, seconds, old: seconds !== null && seconds > oldAfter * 3600 };
}

function levels(reading, kind) {
  if (kind === "combustion") {
    const level = percent(reading.number("sensor.fuel_level"));
    const warned = reading.on("binary_sensor.fuel_low");
    return { level, limit: null, low: warned ?? (level !== null && level <= FEW_PERCENT_OF_FUEL) };
  }
  const level = percent(reading.number("sensor.battery_level"));
  const limit = percent(reading.number("number.charge_limit"));
  const few = reading.number("number.charge_below") ?? FEW_PERCENT;
  return { level, limit: limit !== null && limit < 100 ? limit : null, low: level !== null && level <= few };
}

function percent(value) {
  return value === null ? null : Math.min(100, Math.max(0, value));
}

function plugOf(reading) {
  const status = reading.value("sensor.charging_status");
  const reported = reading.on("binary_sensor.charging");
  const charging = reported ?? (status === null ? null : status === "charging" || status === "v2g_charging");
  return {
    plugged: charging ? true : reading.on("binary_sensor.plugged_in"),
    charging,
    status,
    power: reading.number("sensor.charging_power"),
    finish: reading.time("sensor.charging_finish"),
    plugInBy: reading.value("time.plug_in_by"),
  };
}

function planOf(reading, now) {
  const status = reading.value("sensor.plan_status");
  if (status === null) {
    return null;
  }
  const attributes = reading.state("sensor.plan_status").attributes;
  const finish = reading.time("sensor.planned_finish");
  return {
    status,
    active: PLANNED.has(status),
    target: status === "off" ? null : percent(reading.number("number.target_level")),
    start: reading.time("sensor.planned_start"),
    finish: finish !== null && finish > now ? finish : null,
    level: attributes.level ?? null,
    missing: attributes.missing ?? null,
    reason: attributes.reason ?? null,
    failure: attributes.failure ?? null,
    readyBy: reading.value("time.ready_by"),
  };
}

function partsOf(reading) {
  const parts = {};
  for (const part of PARTS) {
    const entity = `binary_sensor.${part}`;
    parts[part] = { has: reading.vehicle.has(entity), open: reading.on(entity), name: reading.nameOf(entity) };
  }
  return parts;
}

function lockOf(reading) {
  if (reading.vehicle.has("lock.lock")) {
    const state = reading.value("lock.lock");
    const known = { locked: true, unlocked: false, unlocking: true, locking: false, open: false };
    return {
      locked: known[state] ?? null,
      since: reading.since("lock.lock"),
      assumed: Boolean(reading.state("lock.lock")?.attributes.assumed_state),
    };
  }
  const unlocked = reading.on("binary_sensor.locked");
  return { locked: unlocked === null ? null : !unlocked, since: reading.since("binary_sensor.locked"), assumed: false };
}

function tyresOf(reading) {
  const warned = reading.on("binary_sensor.tyre_warning");
  const pressures = TYRES.map((tyre) => reading.number(`sensor.tyre_pressure_${tyre}`));
  const known = pressures.filter((pressure) => pressure !== null && pressure > 0);
  const most = Math.max(...known);
  const least = Math.min(...known);
  const tyres = TYRES.map((tyre, index) => {
    const pressure = pressures[index];
    const state = reading.state(`sensor.tyre_pressure_${tyre}`);
    const far = pressure !== null && known.length > 1 && pressure < LOW_TYRE * most;
    const lowest = warned === true && pressure !== null && pressure === least && least < most;
    return { tyre, pressure, state, low: far || lowest };
  });
  if (warned && !tyres.some((each) => each.low)) {
    tyres.forEach((each) => (each.low = true));
  }
  return { warned, tyres, known: known.length > 0 };
}

function climateOf(reading) {
  const state = reading.value("climate.climate");
  const reported = reading.on("binary_sensor.climate_running");
  const inside = reading.number("sensor.inside_temperature");
  const target = reading.numberAttribute("climate.climate", "temperature");
  const running = state === null ? reported : state !== "off";
  return {
    running,
    cooling: running === true && inside !== null && target !== null && target < inside,
    inside,
    target,
    outside: reading.number("sensor.outside_temperature"),
    next: reading.time("sensor.climate_next_start"),
  };
}

function placeOf(reading) {
  const privacy = reading.on("binary_sensor.privacy_mode") === true;
  const state = reading.state("device_tracker.location");
  const known = reading.value("device_tracker.location");
  return {
    privacy,
    has: state !== undefined,
    state: privacy || known === null ? null : state,
    home: !privacy && known === "home",
    away: !privacy && known === "not_home",
    since: privacy || known === null || known === "not_home" ? null : reading.since("device_tracker.location"),
  };
}

/** The last command that ended, as the event entity tells it. */
function commandOf(reading, now) {
  const at = reading.time("event.command");
  if (at === null) {
    return null;
  }
  const attributes = reading.state("event.command").attributes;
  return {
    at,
    hours: (now - at) / 3_600_000,
    outcome: attributes.event_type,
    command: attributes.command ?? null,
    reason: attributes.reason ?? null,
    code: attributes.code ?? "",
    seconds: attributes.seconds ?? null,
  };
}

/** Which source each part's values come from: a list of sources with their parts, the most important first. */
function sourcesOf(reading) {
  const sources = new Map();
  for (const part of PARTS_WITH_AGE) {
    const name = `sensor.${part}_source`;
    const source = reading.value(name);
    if (source !== null) {
      const known = sources.get(source) ?? { source, state: reading.state(name), parts: [] };
      known.parts.push(part);
      sources.set(source, known);
    }
  }
  if (sources.size === 0) {
    const source = reading.value("sensor.data_source");
    return source === null ? [] : [{ source, state: reading.state("sensor.data_source"), parts: [] }];
  }
  return [...sources.values()].sort((one, other) => other.parts.length - one.parts.length);
}

/** When each part was last reported, where the owner has enabled these sensors. */
export function agesOf(reading) {
  return PARTS_WITH_AGE.map((part) => ({ part, name: `sensor.${part}_reported`, at: reading.time(`sensor.${part}_reported`) }))
    .filter((each) => each.at !== null);
}

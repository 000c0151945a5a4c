/** Which commands a vehicle takes, what a tap on each does now, and which of them are under way. */

/** The commands behind each control, as events and attributes name them. */
const COMMANDS = {
  lock: ["lock", "unlock"],
  climate: ["start_climate", "stop_climate", "schedule_climate", "cancel_climate_schedule"],
  charge: ["start_charging", "stop_charging"],
  engine: ["start_engine", "stop_engine"],
  lights: ["flash_lights"],
  horn: ["sound_horn"],
  stop_signals: ["stop_signals"],
  refresh: ["refresh"],
};

/** Returns the control that a command belongs to, or `null`. */
export function controlOf(command) {
  return Object.keys(COMMANDS).find((key) => COMMANDS[key].includes(command)) ?? null;
}

/**
 * Returns the controls: `main` stand in the row, at most three, `more` behind the last button.
 *
 * Each is `{key, command, entity, service, ask, busy, since, on, off, refused}`. `command` is what a tap sends, `service`
 * its action, `ask` whether a question comes first ("code", "wake", "sure" or `null`), `busy` the command under way,
 * `off` the reason why a tap does nothing now.
 */
export function controls(reading, model, calls) {
  if (!model.connected) {
    return { main: [], more: [] };
  }
  const made = [
    lock(reading, model),
    climate(reading, model),
    engine(reading),
    charge(reading, model),
    button(reading, "lights", "flash_lights"),
    button(reading, "horn", "sound_horn"),
    button(reading, "stop_signals", "stop_signals"),
    button(reading, "stop_engine", "stop_engine"),
    button(reading, "refresh", "refresh", "wake"),
    plain(reading, "charge_now"),
    plain(reading, "skip_plan"),
  ].filter((each) => each !== null);
  const last = model.command;
  for (const control of made) {
    const call = calls[control.key];
    control.busy ??= call?.command ?? null;
    control.since = call?.since ?? null;
    const failed = last !== null && ["rejected", "blocked"].includes(last.outcome) && last.reason !== "superseded";
    control.refused = failed && control.busy === null && last.hours < 24 && controlOf(last.command) === control.key;
  }
  const main = made.filter((each) => ["lock", "climate", "engine", "charge", "lights"].includes(each.key)).slice(0, 3);
  return { main, more: made.filter((each) => !main.includes(each)) };
}

/** Reasons against which the same command again does not help. */
const FINAL = new Set([
  "not_supported",
  "subscription_inactive",
  "device_not_registered",
  "unlock_not_allowed",
  "credentials_missing",
  "too_many_wrong_pins",
  "already_charged",
]);

/** Returns the control that would send a command that has failed again, or `null` if that is no use. */
export function againOf({ controls: { main, more } }, { command, reason }) {
  const fits = (each) => each.command === command && each.off === null && each.busy === null;
  return FINAL.has(reason) ? null : ([...main, ...more].find(fits) ?? null);
}

function lock(reading, model) {
  const entity = reading.vehicle.entities.get("lock.lock");
  if (entity === undefined) {
    return null;
  }
  const state = reading.state("lock.lock");
  const takesCode = Boolean(state?.attributes.code_format);
  const command = model.lock.locked ? "unlock" : "lock";
  return {
    key: "lock",
    command,
    entity,
    service: `lock.${command}`,
    ask: command === "unlock" ? (takesCode ? "code" : "sure") : null,
    takesCode,
    busy: state?.state === "locking" ? "lock" : state?.state === "unlocking" ? "unlock" : null,
    on: false,
    off: null,
  };
}

function climate(reading, model) {
  const entity = reading.vehicle.entities.get("climate.climate");
  if (entity === undefined) {
    return null;
  }
  const runs = model.climate.running === true;
  return {
    key: "climate",
    command: runs ? "stop_climate" : "start_climate",
    entity,
    service: runs ? "climate.turn_off" : "climate.turn_on",
    ask: null,
    busy: reading.state("climate.climate")?.attributes.in_progress ?? null,
    on: runs,
    off: null,
  };
}

function charge(reading, model) {
  const entity = reading.vehicle.entities.get("switch.charging");
  const starts = reading.vehicle.entities.get("button.start_charging");
  if (entity === undefined && starts === undefined) {
    return null;
  }
  const runs = model.plug.charging === true;
  const off = model.plug.plugged === false ? "not_plugged" : runs && entity === undefined ? "charging" : null;
  return {
    key: "charge",
    command: runs && entity !== undefined ? "stop_charging" : "start_charging",
    entity: entity ?? starts,
    service: entity === undefined ? "button.press" : runs ? "switch.turn_off" : "switch.turn_on",
    ask: null,
    busy: (entity && reading.state("switch.charging")?.attributes.in_progress) ?? null,
    on: runs,
    off,
  };
}

function engine(reading) {
  const found = button(reading, "start_engine", "start_engine", "sure");
  return found && { ...found, key: "engine" };
}

function button(reading, key, command, ask = null) {
  const entity = reading.vehicle.entities.get(`button.${key}`);
  if (entity === undefined) {
    return null;
  }
  reading.state(`button.${key}`);
  return { key, command, entity, service: "button.press", ask, busy: null, on: false, off: null };
}

/** A button of the charge plan: nothing is followed to its end. */
function plain(reading, key) {
  return reading.vehicle.has("sensor.plan_status") ? button(reading, key, key) : null;
}

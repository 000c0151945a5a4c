/** What needs somebody, in words, the worst first: for the sentence above the overview. */

const PARTS = [
  ...["front_left", "front_right", "rear_left", "rear_right"].flatMap((corner) => [
    `binary_sensor.door_${corner}`,
    `binary_sensor.window_${corner}`,
  ]),
  "binary_sensor.hatch",
  "binary_sensor.bonnet",
  "binary_sensor.sunroof",
];

const WARNINGS = ["binary_sensor.warning_lamp", "binary_sensor.tyre_warning", "binary_sensor.fuel_low"];

/** Returns the sentences for what needs somebody now: what is open first, then what warns, then what is not known. */
export function sentences(t, hass, vehicles) {
  const all = vehicles.map((vehicle) => sentencesOf(t, hass, vehicle));
  return ["red", "orange"].flatMap((severity) => all.flatMap((each) => each[severity]));
}

function sentencesOf(t, hass, vehicle) {
  const state = (name) => hass.states?.[vehicle.entities.get(name)]?.state;
  const named = (name) => hass.formatEntityName(hass.states[vehicle.entities.get(name)], { type: "entity" });
  const say = (key, more) => t(key, { vehicle: vehicle.name, ...more });
  if ([...vehicle.entities.values()].every((id) => (hass.states?.[id]?.state ?? "unavailable") === "unavailable")) {
    return { red: [], orange: [say("says_unavailable")] };
  }
  const open = PARTS.filter((name) => state(name) === "on");
  const red = [];
  if (isUnlocked(hass, vehicle)) {
    const place = placeOf(hass, vehicle);
    red.push(place ? say("says_unlocked_at", { place }) : say("says_unlocked"));
  }
  if (open.length === 1) {
    red.push(say("says_open", { part: named(open[0]) }));
  } else if (open.length) {
    red.push(say("says_many_open", { number: open.length }));
  }
  const warning = WARNINGS.filter((name) => state(name) === "on");
  const orange = warning.map((name) => say("says_warning", { warning: named(name) }));
  if (state("sensor.plan_status") === "too_late") {
    const plan = hass.formatEntityState(hass.states[vehicle.entities.get("sensor.plan_status")]);
    orange.push(say("says_warning", { warning: plan }));
  }
  return { red, orange };
}

/** Returns whether a vehicle tells that it is unlocked. A lock that only shows what was last done does not. */
function isUnlocked(hass, vehicle) {
  const lock = hass.states?.[vehicle.entities.get("lock.lock")];
  const shown = hass.states?.[vehicle.entities.get("binary_sensor.locked")];
  return (lock?.state === "unlocked" && !lock.attributes.assumed_state) || shown?.state === "on";
}

/** Returns where a vehicle is by the name of its zone; nothing if it is in none, or not known. */
function placeOf(hass, vehicle) {
  const tracker = hass.states?.[vehicle.entities.get("device_tracker.location")];
  if (!tracker || ["not_home", "unknown", "unavailable"].includes(tracker.state)) {
    return undefined;
  }
  return hass.formatEntityState(tracker);
}

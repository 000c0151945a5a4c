import assert from "node:assert/strict";
import { test } from "node:test";
import { againOf } from "../src/card/controls.js";
import { bodyOf, describe } from "../src/card/model.js";
import { Reading } from "../src/card/reading.js";
import { home, NOW, vehicle } from "./fake.js";

function said(states, options = {}, device = {}) {
  const hass = home(states, device);
  return describe(new Reading(hass, vehicle(hass)), { now: NOW, ...options });
}

const kinds = (model) => model.attention.map((each) => each.kind);

test("what is unknown is never 0", () => {
  for (const unknown of ["unknown", "unavailable", "", "off the scale"]) {
    const model = said({
      "sensor.battery_level": unknown,
      "sensor.wakes_today": unknown,
      "sensor.aux_battery_voltage": unknown,
      "number.charge_limit": unknown,
      "sensor.tyre_pressure_front_left": unknown,
      "binary_sensor.plugged_in": unknown,
    });
    assert.equal(model.level, null);
    assert.equal(model.wakes, null);
    assert.equal(model.limit, null);
    assert.equal(model.plug.plugged, null);
    assert.equal(model.tyres.known, false);
    assert.deepEqual(kinds(model), []);
  }
  for (const unknown of ["unknown", "unavailable", ""]) {
    assert.equal(said({ "climate.climate": unknown }).climate.running, null);
    assert.equal(said({ "sensor.plan_status": unknown }).plan, null);
  }
  assert.equal(said({ "sensor.battery_level": 0 }).level, 0);
});

test("a vehicle without a traction battery is filled with fuel", () => {
  assert.equal(said({ "sensor.fuel_level": 52 }).kind, "combustion");
  assert.equal(said({ "sensor.fuel_level": 52 }).level, 52);
  assert.equal(said({ "sensor.fuel_level": 52, "sensor.battery_level": 40 }).kind, "electric");
  assert.equal(said({ "sensor.fuel_range": 300 }).level, null);
});

test("a level is low by the owner's own limit, else by 20 %", () => {
  assert.equal(said({ "sensor.battery_level": 20 }).low, true);
  assert.equal(said({ "sensor.battery_level": 21 }).low, false);
  assert.equal(said({ "sensor.battery_level": 30, "number.charge_below": 40 }).low, true);
  assert.deepEqual(kinds(said({ "sensor.battery_level": 15 })), ["battery_low"]);
  assert.deepEqual(kinds(said({ "sensor.battery_level": 15, "binary_sensor.charging": "on" })), []);
});

test("what is open is named, red comes before orange", () => {
  const model = said({
    "lock.lock": ["unlocked", { code_format: "^([0-9]{4})?$" }, "2026-11-30T17:48:00Z"],
    "binary_sensor.tyre_warning": "on",
    "binary_sensor.door_front_left": "on",
    "binary_sensor.hatch": "off",
    "sensor.battery_level": 12,
  });
  assert.deepEqual(model.open, ["door_front_left"]);
  assert.equal(model.parts.door_front_left.name, "door front left");
  assert.deepEqual(kinds(model), ["unlocked", "tyre", "battery_low"]);
  assert.equal(model.attention[0].since.toISOString(), "2026-11-30T17:48:00.000Z");
  assert.equal(said({ "lock.lock": "locked", "binary_sensor.hatch": "on" }).attention[0].kind, "open");
  assert.equal(said({ "lock.lock": "locked" }).reportsDoors, false);
});

test("nothing is since the start of Home Assistant", () => {
  const states = { "device_tracker.location": ["home", {}, "2026-11-20T08:01:00Z"], "lock.lock": "locked" };
  assert.equal(said(states).place.since, null);
  states["device_tracker.location"] = ["home", {}, "2026-11-21T08:00:00Z"];
  assert.equal(said(states).place.since.toISOString(), "2026-11-21T08:00:00.000Z");
});

test("the lock of a vehicle that cannot be locked from here is read the other way round", () => {
  assert.equal(said({ "binary_sensor.locked": "on" }).lock.locked, false);
  assert.equal(said({ "binary_sensor.locked": "off" }).lock.locked, true);
  assert.equal(said({ "binary_sensor.locked": "unknown" }).lock.locked, null);
  assert.deepEqual(said({ "binary_sensor.locked": "off" }).controls.main, []);
});

test("a lock that is only assumed is no alarm", () => {
  assert.deepEqual(kinds(said({ "lock.lock": ["unlocked", { assumed_state: true }] })), []);
});

test("of four tyres the soft one is marked", () => {
  const pressures = {
    "sensor.tyre_pressure_front_left": 2.4,
    "sensor.tyre_pressure_front_right": 1.8,
    "sensor.tyre_pressure_rear_left": 2.3,
    "sensor.tyre_pressure_rear_right": 2.3,
  };
  const low = (model) => model.tyres.tyres.filter((each) => each.low).map((each) => each.tyre);
  assert.deepEqual(low(said(pressures)), ["front_right"]);
  assert.deepEqual(low(said({ ...pressures, "sensor.tyre_pressure_front_right": 2.1 })), []);
  assert.deepEqual(low(said({ ...pressures, "binary_sensor.tyre_warning": "on" })), ["front_right"]);
  assert.equal(low(said({ "binary_sensor.tyre_warning": "on" })).length, 4);
});

test("data are old after the owner's hours, and a vehicle that is not connected says only that", () => {
  assert.equal(said({ "sensor.last_report": "2026-11-29T17:00:00Z" }).age.old, true);
  assert.equal(said({ "sensor.last_report": "2026-11-29T17:00:00Z" }, { oldAfter: 48 }).age.old, false);
  const silent = { "sensor.last_report": "2026-11-28T17:00:00Z", "binary_sensor.reachable": "off" };
  assert.deepEqual(kinds(said(silent)), ["not_reachable"]);
  const away = { "sensor.last_report": "unavailable", "lock.lock": "unlocked" };
  assert.deepEqual(kinds(said(away)), ["not_connected"]);
  assert.deepEqual(said(away).controls, { main: [], more: [] });
});

test("in privacy mode there is no place", () => {
  const states = { "binary_sensor.privacy_mode": "on", "device_tracker.location": "home" };
  assert.equal(said(states).place.state, null);
  assert.equal(said(states).place.privacy, true);
});

test("a plan has a target unless it is off", () => {
  const plan = { "sensor.plan_status": "planned", "number.target_level": 80, "sensor.planned_finish": "2026-12-01T04:15:00Z" };
  assert.equal(said(plan).plan.target, 80);
  assert.equal(said(plan).plan.active, true);
  assert.equal(said({ ...plan, "sensor.plan_status": "off" }).plan.target, null);
  assert.equal(said({ ...plan, "sensor.planned_finish": "2026-11-30T04:15:00Z" }).plan.finish, null);
  assert.equal(said({}).plan, null);
});

test("a refusal is a box for a day, unless a later command took its place", () => {
  const event = (at, attributes) => ({ "event.command": [at, { command: "start_climate", ...attributes }], "climate.climate": "off" });
  const refused = said(event("2026-11-30T17:00:00Z", { event_type: "rejected", reason: "door_open" }));
  assert.deepEqual(kinds(refused), ["refused"]);
  assert.equal(refused.controls.main[0].refused, true);
  assert.deepEqual(kinds(said(event("2026-11-29T17:00:00Z", { event_type: "rejected", reason: "door_open" }))), []);
  assert.deepEqual(kinds(said(event("2026-11-30T17:00:00Z", { event_type: "rejected", reason: "superseded" }))), []);
  assert.deepEqual(kinds(said(event("2026-11-30T17:00:00Z", { event_type: "timed_out" }))), ["no_answer"]);
});

test("a command is offered again where that is of use", () => {
  const model = said({ "climate.climate": "off", "switch.charging": "off", "binary_sensor.plugged_in": "off" });
  assert.equal(againOf(model, { command: "start_climate", reason: "door_open" }).key, "climate");
  assert.equal(againOf(model, { command: "start_climate", reason: "subscription_inactive" }), null);
  assert.equal(againOf(model, { command: "start_charging", reason: "no_answer" }), null);
  assert.equal(againOf(model, { command: "lock", reason: "door_open" }), null);
});

test("controls offer the opposite of what is so", () => {
  const by = (states) => Object.fromEntries(said(states).controls.main.map((each) => [each.key, each]));
  const states = { "lock.lock": ["locked", { code_format: "^x$" }], "climate.climate": "off", "switch.charging": "off" };
  assert.equal(by(states).lock.service, "lock.unlock");
  assert.equal(by(states).lock.ask, "code");
  assert.equal(by({ "lock.lock": "unlocked" }).lock.service, "lock.lock");
  assert.equal(by({ "lock.lock": "unlocked" }).lock.ask, null);
  assert.equal(by({ "lock.lock": "locked" }).lock.ask, "sure");
  assert.equal(by(states).climate.service, "climate.turn_on");
  assert.equal(by({ "climate.climate": "heat_cool" }).climate.service, "climate.turn_off");
  assert.equal(by({ ...states, "binary_sensor.plugged_in": "off" }).charge.off, "not_plugged");
  assert.equal(by({ ...states, "binary_sensor.charging": "on" }).charge.service, "switch.turn_off");
  assert.equal(by({ "button.start_charging": "unknown", "binary_sensor.charging": "on" }).charge.off, "charging");
});

test("a command is under way by its entity, or by the card's own call", () => {
  const climate = { "climate.climate": ["off", { in_progress: "start_climate" }] };
  assert.equal(said(climate).controls.main[0].busy, "start_climate");
  const calls = { horn: { command: "sound_horn", since: NOW } };
  const horn = said({ "button.horn": "unknown" }, { calls }).controls.more.find((each) => each.key === "horn");
  assert.equal(horn.busy, "sound_horn");
  assert.equal(horn.since, NOW);
});

test("three controls stand in the row, waking asks first", () => {
  const model = said({
    "lock.lock": "locked",
    "climate.climate": "off",
    "switch.charging": "off",
    "button.lights": "unknown",
    "button.horn": "unknown",
  });
  assert.deepEqual(model.controls.main.map((each) => each.key), ["lock", "climate", "charge"]);
  assert.deepEqual(model.controls.more.map((each) => each.key), ["lights", "horn", "refresh"]);
  assert.equal(model.controls.more[2].ask, "wake");
});

test("only what was read counts as changed", () => {
  const hass = home({ "sensor.battery_level": 50, "sensor.signal": -70 });
  const reading = new Reading(hass, vehicle(hass));
  describe(reading, { now: NOW });
  const other = { ...hass, states: { ...hass.states, "sensor.leaf_signal": { ...hass.states["sensor.leaf_signal"] } } };
  assert.equal(reading.changed(other), false);
  other.states["sensor.leaf_battery_level"] = { ...hass.states["sensor.leaf_battery_level"] };
  assert.equal(reading.changed(other), true);
});

test("sources are grouped by their parts", () => {
  const model = said({ "sensor.battery_source": "ovms", "sensor.body_source": "ovms", "sensor.climate_source": "mynissan" });
  assert.deepEqual(model.sources.map((each) => [each.source, each.parts]), [["ovms", ["battery", "body"]], ["mynissan", ["climate"]]]);
  assert.equal(said({ "sensor.data_source": "ovms" }).sources[0].source, "ovms");
});

test("the outline follows the model", () => {
  assert.equal(bodyOf({ model: "Ariya (2023)" }), "crossover");
  assert.equal(bodyOf({ model: "X-Trail" }), "suv");
  assert.equal(bodyOf({ model: null }), "hatch");
});

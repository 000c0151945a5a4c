import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { checked, form, gridOptions, suggestion } from "../src/card/config.js";
import { facts } from "../src/card/facts.js";
import { describe } from "../src/card/model.js";
import { Reading } from "../src/card/reading.js";
import { fine, oneLine, receipt, saying, sentence } from "../src/card/sayings.js";
import { ago, clock, clockOf, duration, moment, percent } from "../src/card/words.js";
import { de } from "../src/texts/de.js";
import { en } from "../src/texts/en.js";
import { home, NOW, vehicle } from "./fake.js";

const bare = (said) => said.replace(/[\u2068\u2069]/g, "").replace(/[\u00a0\u202f]/g, " ");

function of(states, options = {}) {
  const hass = home(states);
  const reading = new Reading(hass, vehicle(hass));
  return [reading, describe(reading, { now: NOW, ...options })];
}

test("times are in the owner's format and in the zone of Home Assistant", () => {
  const hass = home({});
  assert.equal(clock(hass, new Date("2026-11-30T23:05:00Z")), "00:05");
  assert.equal(clockOf(hass, "07:00:00"), "07:00");
  hass.locale.time_format = "12";
  assert.equal(bare(clockOf(hass, "19:00:00")), "7:00 PM");
});

test("a moment is today's time, yesterday, a day of the week or a date", () => {
  const hass = home({});
  const at = (time) => bare(moment(hass, new Date(time), NOW));
  assert.equal(at("2026-11-30T16:42:00Z"), "17:42");
  assert.equal(at("2026-11-29T18:02:00Z"), "yesterday 19:02");
  assert.equal(at("2026-11-26T17:04:00Z"), "Thu 18:04");
  assert.equal(at("2026-10-01T16:00:00Z"), "Oct 1 18:00");
});

test("ages and durations are in their largest unit", () => {
  const hass = home({});
  assert.equal(ago(hass, 30), "just now");
  assert.equal(ago(hass, 125), "2 min. ago");
  assert.equal(ago(hass, 3 * 86_400), "3 days ago");
  assert.equal(duration(hass, 9), "9 sec");
  assert.equal(percent(hass, 79.6), "80%");
});

test("facts of a vehicle that charges by its plan", () => {
  const km = { unit_of_measurement: "km" };
  const [reading, model] = of({
    "sensor.battery_level": 62,
    "sensor.range": [198, km],
    "sensor.range_climate_on": [181, km],
    "binary_sensor.charging": "on",
    "sensor.charging_power": [2.2, { unit_of_measurement: "kW" }],
    "sensor.plan_status": ["charging", { level: 80 }],
    "number.target_level": 80,
    "sensor.planned_finish": "2026-12-01T04:15:00Z",
    "time.ready_by": "07:00:00",
  });
  const said = facts(reading, model).map(({ label, value, sub }) => [label, value, sub].map(bare));
  assert.deepEqual(said, [
    ["Range", "198 km", "181 km with climate"],
    ["Charging", "2.2 kW", "plan, until Tue 05:15"],
    ["80% at", "05:15", "ready by 07:00"],
  ]);
});

test("unknown facts say so, old ones say since when", () => {
  const [reading, model] = of({ "sensor.battery_level": 62, "sensor.range": "unknown", "binary_sensor.plugged_in": "unknown" });
  assert.deepEqual(facts(reading, model).map((each) => each.value), ["Unknown", "Unknown"]);
  const old = of({ "sensor.battery_level": 62, "sensor.range": 128, "sensor.last_report": "2026-11-26T17:04:00Z" });
  const [range, plug] = facts(...old);
  assert.equal(range.value, "≈ 128");
  assert.equal(bare(range.sub), "as of Thu 18:04");
  assert.equal(bare(plug.sub), "as of Thu 18:04");
});

test("facts of a vehicle with a tank", () => {
  const [reading, model] = of({ "sensor.fuel_level": 52, "sensor.fuel_range": 454, "sensor.fuel_quantity": [29, { unit_of_measurement: "L" }], "sensor.odometer": 52770 });
  assert.deepEqual(facts(reading, model).map((each) => [each.label, each.value, bare(each.sub)]), [
    ["Range", "454", "29 L in the tank"],
    ["Odometer", "52770", ""],
  ]);
});

test("a vehicle that reports no doors is locked, never closed", () => {
  assert.equal(fine(...of({ "lock.lock": "locked", "sensor.battery_level": 50 })).title, "Locked");
  assert.equal(fine(...of({ "lock.lock": "locked", "sensor.battery_level": 50, "binary_sensor.hatch": "off" })).title, "Locked, everything closed");
  assert.equal(fine(...of({ "lock.lock": "unlocked", "sensor.battery_level": 50 })), null);
  assert.equal(fine(...of({ "sensor.last_report": "unknown", "sensor.battery_level": "unknown" })).title, "Nothing known yet");
});

test("what is open is said by name, to the eye and to the ear", () => {
  const [reading, model] = of({
    "sensor.battery_level": 54,
    "lock.lock": ["unlocked", {}, "2026-11-30T17:48:00Z"],
    "binary_sensor.hatch": "on",
    "binary_sensor.door_front_left": "on",
  });
  const said = saying(reading, model, model.attention[0]);
  assert.equal(bare(said.title), "Unlocked for 12 min");
  assert.equal(bare(said.detail), "Open: door front left, hatch");
  assert.equal(bare(sentence(reading, model)), "LEAF, 54%. Unlocked. Open: door front left, hatch");
  assert.equal(bare(oneLine(reading, model)), "Unlocked, 2 open");
});

test("a command is followed from sent to its end, with the reason of the integration", () => {
  const event = (attributes) => ({ "sensor.battery_level": 50, "climate.climate": "off", "event.command": ["2026-11-30T16:43:00Z", { command: "start_climate", ...attributes }] });
  const confirmed = receipt(...of(event({ event_type: "confirmed", seconds: 14.2 })));
  assert.equal(bare(confirmed.text), "Climate confirmed after 14 sec, 17:43");
  const [reading, model] = of(event({ event_type: "blocked", reason: "door_open" }));
  const said = saying(reading, model, model.attention[0]);
  assert.equal(bare(said.title), "Climate: not sent");
  assert.equal(said.detail, "A door is open.");
  assert.equal(receipt(reading, model), null);
  const calls = { climate: { command: "start_climate", since: new Date(NOW - 6000) } };
  assert.equal(bare(receipt(...of(event({ event_type: "confirmed" }), { calls })).text), "Climate: waiting for the car, 6 sec");
});

test("a bad configuration is refused with what is wrong", () => {
  const hass = home({});
  assert.throws(() => checked({}, hass), /Choose a vehicle/);
  assert.throws(() => checked({ device: "one", size: "huge" }, hass), /size/);
  assert.throws(() => checked({ device: "one", old_after: 0 }, hass), /old_after/);
  assert.throws(() => checked({ device: "one", old_after: "24" }, hass), /old_after/);
});

test("the size follows the rows of the grid unless it was chosen", () => {
  const hass = home({});
  const size = (config) => checked({ device: "one", ...config }, hass).size;
  assert.equal(size({}), "medium");
  assert.equal(size({ grid_options: { rows: 1 } }), "tile");
  assert.equal(size({ grid_options: { rows: 2 } }), "glance");
  assert.equal(size({ grid_options: { rows: "auto" } }), "medium");
  assert.equal(size({ size: "full", grid_options: { rows: 1 } }), "full");
  assert.equal(checked({ device: "one", map: false }, hass).shows.map, false);
  assert.equal(gridOptions("tile").rows, 1);
  assert.equal(gridOptions("medium").rows, "auto");
});

test("the card is offered for our own entities only", () => {
  const hass = home({ "sensor.battery_level": 50 });
  hass.entities["sensor.other"] = { entity_id: "sensor.other", platform: "other", device_id: "one" };
  assert.equal(suggestion(hass, "sensor.leaf_battery_level").config.device, "one");
  assert.equal(suggestion(hass, "sensor.other"), null);
  assert.equal(suggestion(hass, "sensor.nothing"), null);
});

test("both languages have the same texts with the same placeholders, and every text that is named", () => {
  const placeholders = (said) => [...said.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort());
  for (const [name, said] of Object.entries(en)) {
    assert.deepEqual(placeholders(de[name]), placeholders(said), name);
  }
  const folder = new URL("../src/card/", import.meta.url);
  const sources = readdirSync(folder).filter((name) => name.endsWith(".js")).map((name) => readFileSync(new URL(name, folder), "utf8"));
  const named = sources.flatMap((source) => [...source.matchAll(/"(card_\w+)"/g)].map((match) => match[1]));
  assert.ok(named.length > 50);
  assert.deepEqual(named.filter((name) => !(name in en)), []);
  for (const { name } of form(home({})).schema.flatMap((each) => each.schema ?? [each])) {
    assert.ok(`card_form_${name}` in en, name);
  }
});

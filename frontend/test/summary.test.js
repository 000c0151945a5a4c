import assert from "node:assert/strict";
import { test } from "node:test";
import { summary } from "../src/strategy/summary-card.js";
import { KINDS, home } from "./strategy-helpers.js";

const fine = { "lock.lock": "locked", "binary_sensor.hatch": "off" };

function said(states, more = {}) {
  return summary(home({ leaf: { name: "LEAF", has: KINDS.planned, states }, ...more }));
}

test("nothing needs anybody", () => {
  assert.deepEqual(said(fine), { first: "Nothing needs you", below: "" });
});

test("unlocked, with the zone if it is in one", () => {
  assert.equal(said({ "lock.lock": "unlocked" }).first, "LEAF is unlocked");
  for (const place of ["not_home", "unknown", "unavailable"]) {
    assert.equal(said({ "lock.lock": "unlocked", "device_tracker.location": place }).first, "LEAF is unlocked");
  }
  const at = said({ "lock.lock": "unlocked", "device_tracker.location": "Office" });
  assert.equal(at.first, "LEAF is unlocked: state:Office");
});

test("a lock that only shows what was last done from here says nothing", () => {
  const hass = home({ leaf: { name: "LEAF", has: KINDS.electric, states: { "lock.lock": "unlocked" } } });
  hass.states["lock.leaf__lock"].attributes.assumed_state = true;
  assert.equal(summary(hass).first, "Nothing needs you");
});

test("a lock that is only shown tells it too", () => {
  const juke = { name: "Juke", has: KINDS.combustion, states: { "binary_sensor.locked": "on" } };
  assert.equal(said(fine, { juke }).first, "Juke is unlocked");
});

test("one open part by its name, several by their number", () => {
  assert.equal(said({ "binary_sensor.hatch": "on" }).first, "LEAF: entity:hatch is open");
  const many = said({ "binary_sensor.hatch": "on", "binary_sensor.door_front_left": "on" });
  assert.equal(many.first, "LEAF: 2 doors or windows are open");
});

test("what is open comes before what warns, whatever the vehicle", () => {
  const juke = { name: "Juke", has: KINDS.combustion, states: { "binary_sensor.locked": "on" } };
  const made = said({ ...fine, "binary_sensor.tyre_warning": "on" }, { juke });
  assert.deepEqual(made, { first: "Juke is unlocked", below: "LEAF: entity:tyre_warning" });
});

test("a plan that will not be in time", () => {
  assert.equal(said({ ...fine, "sensor.plan_status": "too_late" }).first, "LEAF: state:too_late");
  for (const status of ["planned", "waiting_for_prices", "unknown"]) {
    assert.equal(said({ ...fine, "sensor.plan_status": status }).first, "Nothing needs you");
  }
});

test("a vehicle of which nothing is known is not said to be fine", () => {
  const states = Object.fromEntries(KINDS.planned.map((name) => [name, "unavailable"]));
  assert.equal(said(states).first, "LEAF is not connected");
  const without = home({ leaf: { name: "LEAF", has: KINDS.electric } }, {});
  without.states = {};
  assert.equal(summary(without).first, "LEAF is not connected");
});

test("two more below, the rest is counted", () => {
  const states = { "lock.lock": "unlocked", "binary_sensor.tyre_warning": "on", "binary_sensor.hatch": "on" };
  const other = { name: "Other", has: KINDS.electric, states };
  assert.equal(
    said(states, { other }).below,
    "LEAF: entity:hatch is open · Other is unlocked · 3 more",
  );
});

test("only the chosen vehicles", () => {
  const hass = home({
    a: { name: "A", has: KINDS.electric, states: { "lock.lock": "unlocked" } },
    b: { name: "B", has: KINDS.electric, states: fine },
  });
  assert.equal(summary(hass, ["b"]).first, "Nothing needs you");
  assert.equal(summary(hass, []).first, "A is unlocked");
});

test("an owner's words are not filled in", () => {
  const made = summary(home({ a: { name: "{place}", has: KINDS.electric, states: { "lock.lock": "unlocked" } } }));
  assert.equal(made.first, "{place} is unlocked");
});

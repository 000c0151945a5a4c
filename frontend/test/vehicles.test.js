import assert from "node:assert/strict";
import { test } from "node:test";

import { vehiclesOf } from "../src/vehicles.js";

function entity(entity_id, device_id, translation_key, more = {}) {
  return { entity_id, device_id, translation_key, platform: "nissanconnect", ...more };
}

function home(entities, devices = { a: { id: "a", name: "LEAF" } }) {
  return { devices, entities: Object.fromEntries(entities.map((each) => [each.entity_id, each])) };
}

test("a vehicle is a device of ours with a last report, whatever its entities are called", () => {
  const [leaf, ...others] = vehiclesOf(
    home([
      entity("sensor.anything", "a", "last_report"),
      entity("sensor.mine", "a", "battery_level"),
      entity("sensor.other", "b", "last_report", { platform: "renault" }),
      entity("update.leaf_spy", "c", "firmware"),
    ]),
  );
  assert.deepEqual(others, []);
  assert.equal(leaf.name, "LEAF");
  assert.equal(leaf.entities.get("sensor.battery_level"), "sensor.mine");
});

test("what its owner has hidden is not shown, and the vehicle stays", () => {
  const [leaf] = vehiclesOf(
    home([
      entity("sensor.report", "a", "last_report", { hidden: true }),
      entity("sensor.range", "a", "range", { hidden: true }),
      entity("sensor.level", "a", "battery_level"),
    ]),
  );
  assert.equal(leaf.has("sensor.range"), false);
  assert.equal(leaf.has("sensor.battery_level"), true);
});

test("a key alone would not do: charging is a sensor and a switch, and an area has several entities", () => {
  const [leaf] = vehiclesOf(
    home([
      entity("sensor.report", "a", "last_report"),
      entity("sensor.charging", "a", "charging"),
      entity("switch.charging", "a", "charging"),
      entity("binary_sensor.school", "a", "in_geofence"),
      entity("binary_sensor.work", "a", "in_geofence"),
    ]),
  );
  assert.equal(leaf.entities.get("switch.charging"), "switch.charging");
  assert.deepEqual(leaf.all.get("binary_sensor.in_geofence"), ["binary_sensor.school", "binary_sensor.work"]);
});

test("vehicles come by the names that their owner gave them", () => {
  const devices = {
    a: { id: "a", name: "LEAF", name_by_user: "Zoe" },
    b: { id: "b", name: "Ariya" },
  };
  const found = vehiclesOf(home(["a", "b"].map((id) => entity(`sensor.${id}`, id, "last_report")), devices));
  assert.deepEqual(
    found.map((each) => each.name),
    ["Ariya", "Zoe"],
  );
});

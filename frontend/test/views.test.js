import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, byDay, onlyWhile, present, tile, whenKnown } from "../src/strategy/cards.js";
import { chargingView } from "../src/strategy/charging.js";
import { overview } from "../src/strategy/overview.js";
import { finder, statisticsOf } from "../src/strategy/source.js";
import { vehicleView } from "../src/strategy/vehicle-view.js";
import { vehiclesOf } from "../src/vehicles.js";
import { KINDS, cardsOf, headingsOf, home, idsIn, only, t } from "./strategy-helpers.js";

const COUNTED = { distance: "nissanconnect:x_distance", energy_charged: "nissanconnect:x_energy_charged" };

test("a template gets the id of its entity, in what decides whether it is seen too", () => {
  const vehicle = only(KINDS.planned);
  const [card] = present(finder(vehicle), [whenKnown(tile("sensor.planned_finish"))]);
  assert.equal(card.entity, "sensor.leaf__planned_finish");
  assert.equal(card.visibility[0].entity, "sensor.leaf__planned_finish");
  assert.deepEqual(card.visibility[0].state_not, ["unknown", "unavailable"]);
});

test("what a vehicle has not is left out, and so is a list without lines", () => {
  const find = finder(only(KINDS.combustion));
  const list = { type: "entities", entities: [{ entity: "sensor.battery_health" }] };
  assert.deepEqual(present(find, [tile("sensor.range"), list, byDay("x", [["statistic.distance", "y"]])]), []);
});

test("several entities of one name make a card for each", () => {
  const vehicle = only([...KINDS.electric, "binary_sensor.area#1", "binary_sensor.area#2"]);
  const cards = present(finder(vehicle), [onlyWhile(tile("binary_sensor.area"), "on")]);
  assert.deepEqual(cards.map(({ entity }) => entity), ["binary_sensor.leaf__area_1", "binary_sensor.leaf__area_2"]);
  assert.deepEqual(cards.map(({ visibility }) => visibility[0].entity), cards.map(({ entity }) => entity));
});

test("a template stays as it was, for the next vehicle", () => {
  const template = whenKnown(tile("sensor.planned_finish"));
  const before = structuredClone(template);
  present(finder(only(KINDS.planned)), [template]);
  assert.deepEqual(template, before);
});

test("an electric vehicle has no fuel, one that burns fuel has no charging and no plan", () => {
  const electric = headingsOf(vehicleView(t, only(KINDS.planned)));
  for (const title of ["Charging", "Charge plan", "Level, seven days"]) {
    assert.ok(electric.includes(title), title);
  }
  assert.ok(!electric.includes("Fuel"));
  const combustion = headingsOf(vehicleView(t, only(KINDS.combustion)));
  assert.ok(combustion.includes("Fuel") && combustion.includes("Fuel, seven days"));
  assert.ok(!combustion.includes("Charging") && !combustion.includes("Charge plan") && !combustion.includes("Places"));
});

test("the vehicle's card comes first, and no section is empty", () => {
  for (const has of Object.values(KINDS)) {
    const { sections } = vehicleView(t, only(has));
    assert.deepEqual(sections[0].cards.map(({ type, device }) => [type, device]), [
      ["custom:nissanconnect-vehicle-card", "leaf"],
    ]);
    assert.ok(sections.slice(1).every(({ cards }) => cards[0].type === "heading" && cards.length > 1));
  }
});

test("a plug-in hybrid has both", () => {
  const headings = headingsOf(vehicleView(t, only([...KINDS.planned, ...KINDS.combustion])));
  assert.ok(headings.includes("Charging") && headings.includes("Fuel"));
});

test("every entity id in a view is one of the vehicle's, and what is hidden is in none", () => {
  const hass = home({
    leaf: { name: "LEAF", has: KINDS.planned, hidden: ["button.horn", "lock.lock", "event.alert"] },
  });
  const vehicles = vehiclesOf(hass);
  const views = [vehicleView(t, vehicles[0]), overview(t, hass, vehicles), chargingView(t, hass, vehicles, {})];
  const ids = new Set(idsIn(views));
  assert.ok(ids.has("sensor.leaf__battery_level"));
  for (const id of ids) {
    assert.ok(hass.entities[id] && !hass.entities[id].hidden, id);
  }
  assert.ok(!JSON.stringify(views).includes('"entity":"lock.lock"'));
});

test("no name of ours is left where an id should stand", () => {
  const hass = home({ leaf: { name: "LEAF", has: KINDS.planned } });
  const vehicles = vehiclesOf(hass);
  const made = [vehicleView(t, vehicles[0]), overview(t, hass, vehicles), chargingView(t, hass, vehicles, {})];
  for (const [, id] of JSON.stringify(made).matchAll(/"entity":"([^"]+)"/g)) {
    assert.ok(id in hass.states, id);
  }
});

test("a question names the vehicle, and an owner's name is only text", () => {
  const hass = home({ leaf: { name: "{vehicle} **x**", has: KINDS.electric } });
  const horn = cardsOf(vehicleView(t, vehiclesOf(hass)[0])).find(({ entity }) => entity === "button.leaf__horn");
  assert.equal(horn.tap_action.confirmation.text, "Sound the horn of {vehicle} **x**?");
  assert.deepEqual(horn.icon_tap_action, horn.tap_action);
});

test("what happened is told by events, not by every value", () => {
  const { sections } = vehicleView(t, only(KINDS.planned));
  const { target } = sections.flatMap(({ cards }) => cards).find(({ type }) => type === "logbook");
  assert.ok(target.entity_id.includes("event.leaf__alert"));
  assert.ok(!target.entity_id.includes("sensor.leaf__battery_level"));
});

test("graphs of statistics, if Home Assistant tells their ids", () => {
  const view = vehicleView(t, only(KINDS.planned), COUNTED);
  const graphs = cardsOf(view).filter(({ type, chart_type }) => type === "statistics-graph" && chart_type === "bar");
  assert.deepEqual(graphs.map(({ entities }) => entities.map(({ entity }) => entity)), [
    ["nissanconnect:x_distance"],
    ["nissanconnect:x_energy_charged"],
  ]);
  assert.ok(!JSON.stringify(vehicleView(t, only(KINDS.planned))).includes('"bar"'));
});

test("nobody answers for the statistics: there are none", async () => {
  const refuse = async () => Promise.reject(new Error("unknown_command"));
  assert.deepEqual(await statisticsOf({ callWS: refuse }), {});
  assert.deepEqual(await statisticsOf({ callWS: async () => null }), {});
  assert.deepEqual(await statisticsOf({ callWS: async () => ({ vehicles: { a: {}, b: { statistics: COUNTED } } }) }), {
    a: {},
    b: COUNTED,
  });
});

test("the overview has a card for each vehicle: medium, or at a glance on a phone", () => {
  const hass = home({ a: { name: "A", has: KINDS.electric }, b: { name: "B", has: KINDS.combustion } });
  const view = overview(t, hass, vehiclesOf(hass));
  const [first, second, phone] = view.sections;
  assert.deepEqual([first, second].map(({ cards }) => cards.map(({ device }) => device)), [["a"], ["b"]]);
  assert.deepEqual(phone.cards.map(({ device }) => device), ["a", "b"]);
  assert.notDeepEqual(first.visibility, phone.visibility);
  assert.deepEqual(view.header.card.vehicles, ["a", "b"]);
});

test("one map of all that have a place, none if nobody has one", () => {
  const has = KINDS.electric;
  const hass = home({ a: { name: "A", has }, b: { name: "B", has }, c: { name: "C", has: KINDS.combustion } });
  const maps = cardsOf(overview(t, hass, vehiclesOf(hass))).filter(({ type }) => type === "map");
  assert.deepEqual(maps.map(({ entities }) => entities.map(({ entity }) => entity)), [
    ["device_tracker.a__location", "device_tracker.b__location"],
  ]);
  const without = home({ c: { name: "C", has: KINDS.combustion } });
  assert.ok(!headingsOf(overview(t, without, vehiclesOf(without))).includes("Places"));
});

test("the last row of the overview is full, however many vehicles there are", () => {
  for (const has of [KINDS.electric, KINDS.planned]) {
    for (let number = 1; number <= 9; number += 1) {
      const cars = Object.fromEntries([...Array(number).keys()].map((at) => [`d${at}`, { name: `V${at}`, has }]));
      const hass = home(cars);
      const view = overview(t, hass, vehiclesOf(hass));
      const seen = view.sections.filter(({ visibility }) => visibility?.[0].media_query !== PHONE[0].media_query);
      const spans = seen.reduce((sum, { column_span: span = 1 }) => sum + span, 0);
      assert.equal(spans % view.max_columns, 0, `${number}`);
      assert.ok(view.max_columns <= 4);
    }
  }
});

test("charge plans in the overview lead to their view, where there is one", () => {
  const hass = home({ a: { name: "A", has: KINDS.planned } });
  const headingOf = (path) =>
    cardsOf(overview(t, hass, vehiclesOf(hass), path)).find(({ heading }) => heading === "Charge plans");
  assert.equal(headingOf("charging").tap_action.navigation_path, "charging");
  assert.ok(!("tap_action" in headingOf(undefined)));
});

test("the view of the charge plans: a section for each, one calendar, bars by vehicle", () => {
  const hass = home({
    a: { name: "LEAF", has: KINDS.planned },
    b: { name: "LEAF", has: KINDS.planned },
    c: { name: "Juke", has: KINDS.combustion },
  });
  const view = chargingView(t, hass, vehiclesOf(hass), { a: COUNTED, b: { energy_charged: "nissanconnect:y" } });
  assert.deepEqual(headingsOf(view), ["LEAF", "LEAF (2)", "Times", "Charged"]);
  const cards = cardsOf(view);
  assert.equal(cards.find(({ type }) => type === "calendar").entities.length, 2);
  assert.deepEqual(cards.find(({ type }) => type === "statistics-graph").entities, [
    { entity: "nissanconnect:x_energy_charged", name: "LEAF" },
    { entity: "nissanconnect:y", name: "LEAF (2)" },
  ]);
});

test("views without any vehicle, or without any plan, are friendly", () => {
  const hass = home({ c: { name: "Juke", has: KINDS.combustion } });
  assert.equal(overview(t, hass, []).cards[0].type, "empty-state");
  assert.equal(chargingView(t, hass, vehiclesOf(hass), {}).cards[0].type, "empty-state");
});

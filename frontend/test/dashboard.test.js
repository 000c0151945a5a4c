import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboard } from "../src/strategy/dashboard.js";
import { KINDS, home, t } from "./strategy-helpers.js";

const kinds = (made) => made.views.map(({ strategy }) => strategy?.type);
const pathsOf = (made) => made.views.map(({ path }) => path);

test("an overview, a view for each vehicle, and one for the charge plans", () => {
  const hass = home({ a: { name: "Ariya", has: KINDS.electric }, b: { name: "LEAF", has: KINDS.planned } });
  const made = dashboard(t, {}, hass);
  assert.equal(made.title, "Nissan");
  assert.deepEqual(pathsOf(made), ["overview", "ariya", "leaf", "charging"]);
  assert.deepEqual(kinds(made), [
    "custom:nissanconnect-overview",
    "custom:nissanconnect-vehicle",
    "custom:nissanconnect-vehicle",
    "custom:nissanconnect-charging",
  ]);
  assert.equal(made.views[0].strategy.charging, "charging");
  assert.deepEqual(made.views.slice(1, 3).map(({ strategy }) => strategy.device), ["a", "b"]);
});

test("no view of charge plans, and no way to it, where nobody has one", () => {
  const made = dashboard(t, {}, home({ a: { name: "Juke", has: KINDS.combustion } }));
  assert.deepEqual(pathsOf(made), ["overview", "juke"]);
  assert.ok(!("charging" in made.views[0].strategy));
});

test("two of one name are told apart, in the tabs and in the address", () => {
  const has = KINDS.electric;
  const made = dashboard(t, {}, home({ a: { name: "LEAF", has }, b: { name: "LEAF", has }, c: { name: "LEAF", has } }));
  assert.deepEqual(pathsOf(made).slice(1), ["leaf", "leaf-2", "leaf-3"]);
  assert.deepEqual(made.views.slice(1).map(({ title }) => title), ["LEAF", "LEAF (2)", "LEAF (3)"]);
});

test("an address is plain, is never a number, and never that of another view", () => {
  const names = ["Overview", "Charging", "2", "日産", "Führerstand & Co.", "Führerstand-Co"];
  const vehicles = Object.fromEntries(names.map((name, at) => [`d${at}`, { name, has: KINDS.planned }]));
  const made = dashboard(t, {}, home(vehicles));
  const paths = pathsOf(made);
  assert.equal(new Set(paths).size, paths.length);
  for (const path of paths) {
    assert.match(path, /^[a-z][a-z0-9-]*$/);
  }
  assert.ok(paths.includes("fuhrerstand-co") && paths.includes("fuhrerstand-co-2"));
});

test("the chosen vehicles, in their order; what is not there any more is left out", () => {
  const has = KINDS.electric;
  const hass = home({ a: { name: "A", has }, b: { name: "B", has }, c: { name: "C", has } });
  const made = dashboard(t, { title: "Mine", vehicles: ["c", "gone", "a", "c"] }, hass);
  assert.equal(made.title, "Mine");
  assert.deepEqual(pathsOf(made), ["overview", "c", "a"]);
  assert.deepEqual(made.views[0].strategy.vehicles, ["c", "a"]);
});

test("all vehicles if none is chosen", () => {
  const has = KINDS.electric;
  const hass = home({ a: { name: "A", has }, b: { name: "B", has } });
  assert.deepEqual(pathsOf(dashboard(t, { vehicles: [] }, hass)), ["overview", "a", "b"]);
});

test("nothing there: a friendly view, with a button for those who can add something", () => {
  const made = dashboard(t, {}, home({}));
  const [card] = made.views[0].cards;
  assert.equal(card.type, "empty-state");
  assert.equal(card.buttons.length, 1);
  const guest = dashboard(t, {}, home({}, { user: { is_admin: false } })).views[0].cards[0];
  assert.ok(!("buttons" in guest));
  assert.notEqual(guest.content, card.content);
});

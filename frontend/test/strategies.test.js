import assert from "node:assert/strict";
import { test } from "node:test";
import "./browser.js";
import { filled } from "../src/strategy/editor.js";
import { STRATEGIES } from "../src/strategy/elements.js";
import { de } from "../src/texts/de.js";
import { en } from "../src/texts/en.js";
import { KINDS, cardsOf, home } from "./strategy-helpers.js";

const view = (kind) => STRATEGIES[`ll-strategy-view-nissanconnect-${kind}`];

test("every view of the dashboard has its strategy", async () => {
  const hass = home({ a: { name: "A", has: KINDS.planned } });
  const made = await STRATEGIES["ll-strategy-dashboard-nissanconnect"].generate({}, hass);
  for (const { strategy } of made.views) {
    const generated = await view(strategy.type.replace("custom:nissanconnect-", "")).generate(strategy, hass);
    assert.ok(generated.sections.length, strategy.type);
    assert.ok(!("title" in generated) && !("path" in generated), "would take the place of the owner's");
  }
});

test("a view of a vehicle asks for its own statistics", async () => {
  const asked = [];
  const callWS = async (message) => {
    asked.push(message.type);
    return { vehicles: { b: { statistics: { distance: "nissanconnect:b" } } } };
  };
  const has = KINDS.electric;
  const hass = home({ a: { name: "A", has }, b: { name: "B", has } }, { callWS });
  const of = async (device) => JSON.stringify(await view("vehicle").generate({ device }, hass));
  assert.ok((await of("b")).includes("nissanconnect:b"));
  assert.ok(!(await of("a")).includes("nissanconnect:b"));
  assert.deepEqual(asked, ["nissanconnect/dashboard", "nissanconnect/dashboard"]);
});

test("a view of a vehicle that is gone is friendly; without a device it is the first", async () => {
  const hass = home({ a: { name: "A", has: KINDS.electric } });
  assert.equal((await view("vehicle").generate({ device: "gone" }, hass)).cards[0].type, "empty-state");
  assert.equal(cardsOf(await view("vehicle").generate({}, hass))[0].device, "a");
});

test("they are made anew when devices or entities come and go", () => {
  for (const strategy of Object.values(STRATEGIES)) {
    assert.deepEqual(strategy.registryDependencies, ["entities", "devices"]);
  }
});

test("in the language of the user", async () => {
  const hass = home({ a: { name: "A", has: KINDS.planned } }, { locale: { language: "de" } });
  const made = await STRATEGIES["ll-strategy-dashboard-nissanconnect"].generate({}, hass);
  assert.deepEqual(made.views.map(({ title }) => title), ["Alle Fahrzeuge", "A", "Laden"]);
});

test("an option that is empty is none", () => {
  assert.deepEqual(filled({ type: "x", title: "", vehicles: [], device: undefined }), { type: "x" });
  assert.deepEqual(filled({ title: "T", vehicles: ["a"] }), { title: "T", vehicles: ["a"] });
});

test("all languages have the same texts with the same placeholders", () => {
  const shape = (table) =>
    Object.entries(table)
      .map(([name, said]) => `${name} ${[...said.matchAll(/\{\w+\}/g)].map(([found]) => found).sort()}`)
      .sort();
  assert.deepEqual(shape(de), shape(en));
});

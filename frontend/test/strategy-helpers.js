/** A home as the browser knows it, for the tests of the strategies. */
import { text } from "../src/texts/index.js";
import { vehiclesOf } from "../src/vehicles.js";

const LEAF = [
  "sensor.last_report",
  "sensor.battery_level",
  "sensor.range",
  "sensor.charging_status",
  "binary_sensor.plugged_in",
  "binary_sensor.door_front_left",
  "binary_sensor.hatch",
  "binary_sensor.tyre_warning",
  "lock.lock",
  "device_tracker.location",
  "event.alert",
  "button.horn",
];

const PLAN = ["sensor.plan_status", "sensor.planned_finish", "switch.smart_charging", "calendar.charging"];

const JUKE = ["sensor.last_report", "sensor.fuel_level", "sensor.fuel_range", "binary_sensor.locked", "event.alert"];

export const KINDS = { electric: LEAF, planned: [...LEAF, ...PLAN], combustion: JUKE };

/**
 * Makes a home: `{deviceId: {name, has, states}}`, where `has` lists entities by our names and `states` gives the state
 * of some. A name of several entities takes a suffix: `binary_sensor.area#2`. `hidden` has those that are hidden.
 */
export function home(vehicles, options = {}) {
  const hass = {
    locale: { language: "en" },
    user: { is_admin: true },
    entities: {},
    devices: {},
    states: {},
    callWS: async () => ({ vehicles: {} }),
    formatEntityName: (state, name) => `${name.type}:${state.entity_id.split("__")[1]}`,
    formatEntityState: (state) => `state:${state.state}`,
    ...options,
  };
  for (const [id, { name, has, states = {}, hidden = [] }] of Object.entries(vehicles)) {
    hass.devices[id] = { id, name };
    for (const each of has) {
      const [domain, key] = each.split("#")[0].split(".");
      const entityId = `${domain}.${id}__${each.split(".")[1].replace("#", "_")}`;
      hass.entities[entityId] = {
        entity_id: entityId,
        device_id: id,
        platform: "nissanconnect",
        translation_key: key,
        hidden: hidden.includes(each),
      };
      hass.states[entityId] = { entity_id: entityId, state: states[each] ?? "unknown", attributes: {} };
    }
  }
  return hass;
}

export const t = (name, placeholders) => text({ language: "en" }, name, placeholders);

/** Returns the only vehicle of a home with one. */
export function only(has, more = {}) {
  const hass = home({ leaf: { name: "LEAF", has, ...more } });
  return vehiclesOf(hass)[0];
}

/** Returns all cards of a view, those of its sections. */
export function cardsOf(view) {
  return (view.sections ?? []).flatMap(({ cards }) => cards);
}

/** Returns the headings of a view's sections. */
export function headingsOf(view) {
  return cardsOf(view).filter(({ type }) => type === "heading").map(({ heading }) => heading);
}

/** Returns whatever is an entity id of a home, anywhere in a piece of configuration. */
export function idsIn(config) {
  return [...JSON.stringify(config).matchAll(/"([a-z_]+\.[a-z0-9]+__[a-z0-9_]+)"/g)].map(([, id]) => id);
}

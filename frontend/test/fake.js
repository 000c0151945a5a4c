/** A Home Assistant for tests, with one vehicle whose entities are given by what they show. */
import { vehiclesOf } from "../src/vehicles.js";

export const NOW = new Date("2026-11-30T18:00:00Z");

const STARTED = "2026-11-20T08:00:00Z";

/**
 * Returns what the frontend knows. `states` maps names such as `sensor.battery_level` to a state, or to
 * `[state, attributes, last_changed]`.
 */
export function home(states, device = {}) {
  const all = { "sensor.last_report": "2026-11-30T17:58:00Z", "button.refresh": "unknown", ...states };
  const hass = {
    language: "en",
    locale: { language: "en", time_format: "24", number_format: "language", time_zone: "server" },
    config: { time_zone: "Europe/Berlin" },
    themes: { darkMode: false },
    devices: { one: { id: "one", name: "LEAF", model: "LEAF (2021)", ...device } },
    entities: {},
    states: {},
    localize: (key) => (key.endsWith("door_open.message") ? "A door is open." : ""),
    formatEntityState: (state) => [state.state, state.attributes.unit_of_measurement].filter(Boolean).join(" "),
  };
  for (const [name, given] of Object.entries(all)) {
    const [state, attributes = {}, changed = STARTED] = Array.isArray(given) ? given : [given];
    const [domain, key] = name.split(".");
    const entityId = `${domain}.leaf_${key}`;
    hass.entities[entityId] = {
      entity_id: entityId,
      device_id: "one",
      platform: "nissanconnect",
      translation_key: key,
      name: key.replaceAll("_", " "),
    };
    hass.states[entityId] = { entity_id: entityId, state: String(state), attributes, last_changed: changed };
  }
  return hass;
}

export function vehicle(hass) {
  return vehiclesOf(hass)[0];
}

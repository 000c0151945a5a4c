/** The card's configuration: which vehicle, how large, which sections. Pure. */
import { text } from "../texts/index.js";
import { PLATFORM, vehiclesOf } from "../vehicles.js";

export const CARD = "nissanconnect-vehicle-card";

export const SIZES = ["auto", "tile", "glance", "medium", "full"];

export const SECTIONS = ["facts", "say", "controls", "receipt", "plan", "month", "map", "sources"];

/** The rows of a section's grid from which a card has room for more than a glance. */
const ROWS_OF_MEDIUM = 5;

/** Returns a checked configuration, or throws an error that tells the owner what is wrong. */
export function checked(config, hass) {
  const { device, size = "auto", old_after: oldAfter = 24 } = config ?? {};
  if (typeof device !== "string" || device === "") {
    throw new Error(text(hass, "card_choose"));
  }
  if (!SIZES.includes(size)) {
    throw new Error(text(hass, "card_config_size", { sizes: SIZES.join(", ") }));
  }
  if (typeof oldAfter !== "number" || !(oldAfter > 0)) {
    throw new Error(text(hass, "card_config_hours"));
  }
  const shows = Object.fromEntries(SECTIONS.map((section) => [section, config[section] !== false]));
  return { device, size: sizeOf(size, config.grid_options?.rows), chosen: size, oldAfter, shows };
}

/** The size: what was chosen, else by the rows that the owner has given the card. */
function sizeOf(size, rows) {
  if (size !== "auto") {
    return size;
  }
  return typeof rows !== "number" || rows >= ROWS_OF_MEDIUM ? "medium" : rows === 1 ? "tile" : "glance";
}

/** What a section's grid may make of the card. */
export function gridOptions(chosen) {
  if (chosen === "tile") {
    return { columns: 6, rows: 1, min_columns: 6, min_rows: 1, max_rows: 1 };
  }
  if (chosen === "glance") {
    return { columns: 12, rows: 2, min_columns: 9, min_rows: 2, max_rows: 3 };
  }
  return { columns: 12, rows: "auto", min_columns: chosen === "auto" ? 6 : 9 };
}

/** The height in a view of columns, in steps of 50 px. */
export function cardSize(size) {
  return { tile: 1, glance: 3, medium: 9, full: 19 }[size];
}

/** What a new card begins with: the first vehicle. */
export function stub(hass) {
  return { device: vehiclesOf(hass)[0]?.id ?? "" };
}

/** What the picker of cards offers for an entity of ours. */
export function suggestion(hass, entityId) {
  const entity = hass.entities?.[entityId];
  if (entity?.platform !== PLATFORM || !vehiclesOf(hass).some((vehicle) => vehicle.id === entity.device_id)) {
    return null;
  }
  return { config: { type: `custom:${CARD}`, device: entity.device_id } };
}

/** The form of the editor. `hass` has the language. */
export function form(hass) {
  const options = SIZES.map((size) => ({ value: size, label: text(hass, `card_form_size_${size}`) }));
  return {
    schema: [
      { name: "device", required: true, selector: { device: { integration: PLATFORM } } },
      { name: "size", default: "auto", selector: { select: { mode: "dropdown", options } } },
      { name: "old_after", default: 24, selector: { number: { min: 1, max: 720, mode: "box" } } },
      {
        type: "expandable",
        name: "",
        flatten: true,
        title: text(hass, "card_form_sections"),
        schema: SECTIONS.map((name) => ({ name, default: true, selector: { boolean: {} } })),
      },
    ],
    computeLabel: ({ name }) => text(hass, `card_form_${name}`),
  };
}

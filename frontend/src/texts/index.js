/** What the dashboard and the card say, in the languages of the integration. Names of states come from Home Assistant. */
import { de } from "./de.js";
import { en } from "./en.js";

const LANGUAGES = { de, en };

/** Returns a text by its name, with `{placeholders}` filled in; English where a language lacks it. */
export function text(hass, name, placeholders = {}) {
  const language = hass.locale?.language ?? hass.language ?? "en";
  const table = LANGUAGES[language] ?? LANGUAGES[language.split("-")[0]] ?? en;
  const found = table[name] ?? en[name] ?? name;
  return found.replace(/\{(\w+)\}/g, (whole, key) => placeholders[key] ?? whole);
}

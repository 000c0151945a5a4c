/** What the browser loads: it registers the dashboard strategies and the vehicle card, once. */
import { EDITOR, StrategyEditor } from "./strategy/editor.js";
import { STRATEGIES } from "./strategy/elements.js";
import { SummaryCard } from "./strategy/summary-card.js";
import { CARD, suggestion } from "./card/config.js";
import { VehicleCard } from "./card/vehicle-card.js";
import { text } from "./texts/index.js";

const DOCUMENTATION = "https://github.com/nissanconnect-ha/nissanconnect";

function define(name, element) {
  if (!customElements.get(name)) {
    customElements.define(name, element);
  }
}

function offer(list, entry) {
  window[list] = window[list] ?? [];
  if (!window[list].some((other) => other.type === entry.type)) {
    window[list].push(entry);
  }
}

define("nissanconnect-summary-card", SummaryCard);
define(EDITOR, StrategyEditor);
for (const [name, element] of Object.entries(STRATEGIES)) {
  define(name, element);
}
define(CARD, VehicleCard);

const said = { language: document.documentElement.lang || navigator.language };

offer("customStrategies", {
  type: "nissanconnect",
  strategyType: "dashboard",
  name: text(said, "dashboard_name"),
  description: text(said, "dashboard_description"),
  documentationURL: `${DOCUMENTATION}/blob/main/docs/dashboard.md`,
});

offer("customCards", {
  type: CARD,
  name: text(said, "card_name"),
  description: text(said, "card_description"),
  preview: true,
  documentationURL: `${DOCUMENTATION}/blob/main/docs/dashboard.md`,
  getEntitySuggestion: suggestion,
});

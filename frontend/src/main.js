/** What the browser loads: it registers the dashboard strategies and the vehicle card, once. */
import { CARD, suggestion } from "./card/config.js";
import { VehicleCard } from "./card/vehicle-card.js";
import { DashboardStrategy } from "./strategy/dashboard.js";
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

define("ll-strategy-dashboard-nissanconnect", DashboardStrategy);
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

/** What the browser loads: it registers the dashboard strategies and the vehicle card, once. */
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

const said = { language: document.documentElement.lang || navigator.language };

offer("customStrategies", {
  type: "nissanconnect",
  strategyType: "dashboard",
  name: text(said, "dashboard_name"),
  description: text(said, "dashboard_description"),
  documentationURL: `${DOCUMENTATION}/blob/main/docs/dashboard.md`,
});

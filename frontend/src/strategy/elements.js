/** The strategies as Home Assistant asks for them, each with its editor. */
import { text } from "../texts/index.js";
import { emptyView } from "./cards.js";
import { chargingView } from "./charging.js";
import { dashboard } from "./dashboard.js";
import { editor } from "./editor.js";
import { overview } from "./overview.js";
import { chosen, statisticsOf } from "./source.js";
import { vehicleView } from "./vehicle-view.js";

const DEVICE = { device: { filter: [{ integration: "nissanconnect" }] } };
const DEVICES = { device: { ...DEVICE.device, multiple: true } };

const VEHICLES = { name: "vehicles", selector: DEVICES };
const TITLE = { name: "title", selector: { text: {} } };

const textsFor = (hass) => (name, placeholders) => text(hass, name, placeholders);

/** What all have in common: they are made anew when a device or an entity comes or goes. */
class Strategy extends HTMLElement {
  static registryDependencies = ["entities", "devices"];
}

/** The whole dashboard: an overview, a view for each vehicle, and the charge plans. */
export class DashboardStrategy extends Strategy {
  static async generate(config, hass) {
    return dashboard(textsFor(hass), config, hass);
  }

  static getCreateSuggestions(hass) {
    return { title: text(hass, "dashboard_name"), icon: "mdi:car-electric" };
  }

  static getConfigElement() {
    return editor([TITLE, VEHICLES]);
  }
}

/** The overview as a view of any dashboard. */
export class OverviewStrategy extends Strategy {
  static async generate(config, hass) {
    return overview(textsFor(hass), hass, chosen(hass, config.vehicles), config.charging);
  }

  static getConfigElement() {
    return editor([VEHICLES]);
  }
}

/** A vehicle as a view of any dashboard; without a device, the first. */
export class VehicleStrategy extends Strategy {
  static async generate(config, hass) {
    const [vehicle] = chosen(hass, config.device ? [config.device] : []);
    if (!vehicle) {
      return emptyView(textsFor(hass), hass);
    }
    const statistics = await statisticsOf(hass);
    return vehicleView(textsFor(hass), vehicle, statistics[vehicle.id]);
  }

  static getConfigElement() {
    return editor([{ name: "device", selector: DEVICE }]);
  }
}

/** The charge plans as a view of any dashboard. */
export class ChargingStrategy extends Strategy {
  static async generate(config, hass) {
    return chargingView(textsFor(hass), hass, chosen(hass, config.vehicles), await statisticsOf(hass));
  }

  static getConfigElement() {
    return editor([VEHICLES]);
  }
}

/** The strategies by the names of their elements. */
export const STRATEGIES = {
  "ll-strategy-dashboard-nissanconnect": DashboardStrategy,
  "ll-strategy-view-nissanconnect-overview": OverviewStrategy,
  "ll-strategy-view-nissanconnect-vehicle": VehicleStrategy,
  "ll-strategy-view-nissanconnect-charging": ChargingStrategy,
};

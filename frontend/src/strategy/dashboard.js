/** The dashboard that makes itself: an overview of all vehicles, and a view for each. */
import { text } from "../texts/index.js";
import { vehiclesOf } from "../vehicles.js";

export class DashboardStrategy extends HTMLElement {
  static registryDependencies = ["entities", "devices"];

  static async generate(config, hass) {
    const vehicles = vehiclesOf(hass);
    return {
      title: config.title ?? text(hass, "dashboard_name"),
      views: [{ title: text(hass, "overview"), path: "overview", type: "sections", sections: vehicles.map(glance) }],
    };
  }

  static getCreateSuggestions(hass) {
    return { title: text(hass, "dashboard_name"), icon: "mdi:car-electric" };
  }
}

function glance(vehicle) {
  const entity = vehicle.entities.get("sensor.battery_level") ?? vehicle.entities.get("sensor.fuel_level");
  return { type: "grid", cards: [{ type: "heading", heading: vehicle.name }, { type: "tile", entity }] };
}

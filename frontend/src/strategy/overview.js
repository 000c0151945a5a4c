/** The view of all vehicles: what needs somebody, a card for each, the charge plans, and where they are. */
import {
  MARKER,
  PHONE,
  WIDER,
  badge,
  emptyView,
  heading,
  map,
  onlyWhile,
  present,
  section,
  vehicleCard,
  whenKnown,
} from "./cards.js";
import { finder } from "./source.js";

const WIDEST = 4;

/** What deserves a badge at the top, with the name of its vehicle. */
const BADGES = [
  onlyWhile(badge("binary_sensor.tyre_warning", true), "on"),
  onlyWhile(badge("binary_sensor.warning_lamp", true), "on"),
  onlyWhile(badge("binary_sensor.fuel_low", true), "on"),
  whenKnown(badge("sensor.planned_finish", true)),
];

const PLAN = {
  type: "tile",
  entity: "sensor.plan_status",
  name: { type: "device" },
  grid_options: { columns: 12 },
};

/** Returns the overview. `charging` is the path of the view of the charge plans, if there is one. */
export function overview(t, hass, vehicles, charging) {
  if (!vehicles.length) {
    return emptyView(t, hass);
  }
  const columns = Math.min(Math.max(vehicles.length, 2), WIDEST);
  const of = (templates) => vehicles.flatMap((vehicle) => present(finder(vehicle), templates));
  const plans = section(heading(t("charge_plans"), "mdi:calendar-clock", to(charging)), of([PLAN]));
  const markers = of([MARKER]);
  const where = markers.length ? [map(markers, { rows: 5 })] : [];
  const left = columns - ((vehicles.length + plans.length) % columns);
  return {
    type: "sections",
    max_columns: columns,
    header: {
      layout: "responsive",
      card: { type: "custom:nissanconnect-summary-card", vehicles: vehicles.map(({ id }) => id) },
    },
    badges: of(BADGES),
    sections: [
      ...wide(vehicles),
      narrow(vehicles),
      ...plans,
      ...section(heading(t("places"), "mdi:map-marker"), where, { column_span: left }),
    ],
  };
}

/** Returns medium cards side by side. */
function wide(vehicles) {
  return vehicles.map((vehicle) => ({
    type: "grid",
    visibility: WIDER,
    cards: [vehicleCard(vehicle, "medium")],
  }));
}

/** Returns small cards close together, so that a phone shows them all. */
function narrow(vehicles) {
  return { type: "grid", visibility: PHONE, cards: vehicles.map((vehicle) => vehicleCard(vehicle, "glance")) };
}

function to(path) {
  return path ? { tap_action: { action: "navigate", navigation_path: path } } : {};
}

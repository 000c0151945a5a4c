/** The view of the vehicles that charge by price: the plan of each, its times in a calendar, and what was charged. */
import { button, byDay, emptyView, heading, present, section, tile, whenKnown } from "./cards.js";
import { finder, iconOf, titles } from "./source.js";

const PLAN = [
  tile("sensor.battery_level", ["bar-gauge"], { color: "green" }),
  tile("sensor.plan_status"),
  tile("time.ready_by"),
  whenKnown(tile("sensor.planned_start")),
  whenKnown(tile("sensor.planned_finish")),
  whenKnown(tile("sensor.planned_energy")),
  whenKnown(tile("sensor.planned_cost")),
  whenKnown(tile("sensor.planned_saving")),
  tile("switch.smart_charging", ["toggle"]),
  tile("number.target_level", ["numeric-input"]),
  tile("number.minimum_level", ["numeric-input"]),
  button("button.charge_now"),
  button("button.skip_plan"),
];

const CALENDARS = { type: "calendar", initial_view: "listWeek", grid_options: { columns: "full", rows: 7 } };

const WIDEST = 4;

/** Returns those of the vehicles that charge by a plan. */
export function planned(vehicles) {
  return vehicles.filter((vehicle) => vehicle.has("sensor.plan_status"));
}

/** Returns the view. `statistics` are the ids of each vehicle's statistics by its device id. */
export function chargingView(t, hass, vehicles, statistics) {
  const plans = planned(vehicles);
  if (!plans.length) {
    return emptyView(t, hass);
  }
  const names = titles(plans);
  const sections = plans.flatMap((vehicle, number) =>
    section(heading(names[number], iconOf(vehicle)), present(finder(vehicle), PLAN)),
  );
  const calendars = plans.flatMap((vehicle) => vehicle.all.get("calendar.charging") ?? []);
  const calendar = calendars.length ? [{ ...CALENDARS, entities: calendars }] : [];
  const counted = (name) =>
    plans.flatMap((vehicle, number) => {
      const ids = finder(vehicle, statistics[vehicle.id])(`statistic.${name}`);
      return ids.map((id) => [id, names[number]]);
    });
  const charts = [
    [t("energy_by_day"), counted("energy_charged")],
    [t("cost_by_day"), counted("charging_cost")],
  ].flatMap(([title, series]) => (series.length ? [byDay(title, series)] : []));
  return {
    type: "sections",
    max_columns: Math.min(plans.length + 2, WIDEST),
    sections: [
      ...sections,
      ...section(heading(t("times"), "mdi:calendar-clock"), calendar),
      ...section(heading(t("charged"), "mdi:ev-station"), charts),
    ],
  };
}


/** What the views are made from: the vehicles that are to be shown, their entities, and the ids of their statistics. */
import { vehiclesOf } from "../vehicles.js";

/** Returns the vehicles with these device ids, in this order; without any id, all vehicles. */
export function chosen(hass, ids) {
  const all = vehiclesOf(hass);
  if (!ids?.length) {
    return all;
  }
  return [...new Set(ids)].flatMap((id) => all.filter((vehicle) => vehicle.id === id));
}

/**
 * Asks for the ids of the long-term statistics of trips and charges: for each device id, what is counted and its id.
 * Without an answer there are none, and the cards that need them stay away.
 */
export async function statisticsOf(hass) {
  try {
    const { vehicles } = await hass.callWS({ type: "nissanconnect/dashboard" });
    return Object.fromEntries(Object.entries(vehicles).map(([id, each]) => [id, each?.statistics ?? {}]));
  } catch {
    return {};
  }
}

/** Returns what finds the ids of a vehicle by our names, such as `sensor.range` or `statistic.distance`. */
export function finder(vehicle, statistics = {}) {
  return (name) => {
    const [kind, counted] = name.split(".", 2);
    if (kind === "statistic") {
      return statistics[counted] ? [statistics[counted]] : [];
    }
    return vehicle.all.get(name) ?? [];
  };
}

/** Returns how vehicles are called where they stand side by side: a number tells those of one name apart. */
export function titles(vehicles) {
  const seen = new Map();
  return vehicles.map(({ name }) => {
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return seen.get(name) === 1 ? name : `${name} (${seen.get(name)})`;
  });
}

/** Returns the icon of a vehicle: whether it has a battery to drive with. */
export function iconOf(vehicle) {
  return vehicle.has("sensor.battery_level") ? "mdi:car-electric" : "mdi:car";
}

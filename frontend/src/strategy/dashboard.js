/** The dashboard that makes itself: an overview of all vehicles, their charge plans, and a view for each. */
import { emptyView } from "./cards.js";
import { planned } from "./charging.js";
import { chosen, titles } from "./source.js";

const OVERVIEW = "overview";
const CHARGING = "charging";

/** Returns the dashboard of the vehicles in `config.vehicles`, or of all. Each view makes itself when it is opened. */
export function dashboard(t, config, hass) {
  const title = config.title || t("dashboard_name");
  const vehicles = chosen(hass, config.vehicles);
  if (!vehicles.length) {
    return { title, views: [{ title: t("overview"), path: OVERVIEW, ...emptyView(t, hass) }] };
  }
  const ids = vehicles.map(({ id }) => id);
  const names = titles(vehicles);
  const charging = planned(vehicles).length ? [view(t("charging"), CHARGING, "charging", { vehicles: ids })] : [];
  return {
    title,
    views: [
      view(t("overview"), OVERVIEW, "overview", { vehicles: ids, ...(charging.length ? { charging: CHARGING } : {}) }),
      ...paths(vehicles).map((path, number) => view(names[number], path, "vehicle", { device: ids[number] })),
      ...charging,
    ],
  };
}

function view(title, path, kind, options) {
  return { title, path, strategy: { type: `custom:nissanconnect-${kind}`, ...options } };
}

/** Returns what stands for each vehicle in the address of its view; a number tells those of one name apart. */
function paths(vehicles) {
  const taken = new Set([OVERVIEW, CHARGING]);
  return vehicles.map(({ name }) => {
    const words = slug(name);
    let path = words;
    for (let number = 2; taken.has(path); number += 1) {
      path = `${words}-${number}`;
    }
    taken.add(path);
    return path;
  });
}

/** Returns a name as a part of an address. It begins with a letter: a number would be the number of a view. */
function slug(name) {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return /^[a-z]/.test(plain) ? plain : ["vehicle", plain].filter(Boolean).join("-");
}

/** What Home Assistant shows of one vehicle, read by the names of `Vehicle.entities`; what is unknown is `null`. */

const UNKNOWN = new Set(["unknown", "unavailable", ""]);

/** How long after the start of Home Assistant a state may still be the one from before, in ms. */
const STARTING = 120_000;

/**
 * Reads states, and remembers which: a card has to be drawn again only if one of them is another object.
 */
export class Reading {
  constructor(hass, vehicle) {
    this.hass = hass;
    this.vehicle = vehicle;
    this.used = new Map();
  }

  /** Returns a state object, or `undefined` if the vehicle has no such entity. */
  state(name) {
    const entityId = this.vehicle.entities.get(name);
    return entityId === undefined ? undefined : this.byId(entityId);
  }

  byId(entityId) {
    const found = this.hass.states[entityId];
    this.used.set(entityId, found);
    return found;
  }

  /** Returns the state as a text. */
  value(name) {
    const state = this.state(name)?.state;
    return state === undefined || UNKNOWN.has(state) ? null : state;
  }

  /** Returns the state as a number. */
  number(name) {
    return numberOf(this.value(name));
  }

  /** Returns an attribute as a number. */
  numberAttribute(name, attribute) {
    return numberOf(this.state(name)?.attributes[attribute]);
  }

  /** Returns whether something is on. */
  on(name) {
    const value = this.value(name);
    return value === "on" ? true : value === "off" ? false : null;
  }

  /** Returns the state as a time. */
  time(name) {
    return timeOf(this.value(name));
  }

  /** Whether the entity is there, but not available now. */
  unavailable(name) {
    return this.state(name)?.state === "unavailable";
  }

  /** Returns an entity's own name, without the vehicle's. */
  nameOf(name) {
    const state = this.state(name);
    if (state === undefined) {
      return "";
    }
    const registered = this.hass.entities?.[state.entity_id]?.name;
    return this.hass.formatEntityName?.(state, [{ type: "entity" }]) || registered || state.attributes.friendly_name || "";
  }

  /**
   * Returns since when a state has been as it is; `null` if that is not known.
   *
   * After a start of Home Assistant each state seems to have changed then, although the vehicle has stood for days.
   */
  since(name) {
    const changed = timeOf(this.state(name)?.last_changed);
    if (changed === null) {
      return null;
    }
    this.began ??= this.#start();
    return changed - this.began > STARTING ? changed : null;
  }

  #start() {
    const changes = [...this.vehicle.entities.values()].map((id) => timeOf(this.hass.states[id]?.last_changed));
    return changes.reduce((first, each) => (each !== null && each < first ? each : first), new Date(8.64e15));
  }

  /** Whether one of the states that were read is another one now. */
  changed(hass) {
    for (const [entityId, state] of this.used) {
      if (hass.states[entityId] !== state) {
        return true;
      }
    }
    return false;
  }
}

function numberOf(value) {
  if (value === null || value === undefined || value === "") {
    return null;
  }
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function timeOf(value) {
  const time = value ? new Date(value) : null;
  return time && !Number.isNaN(time.getTime()) ? time : null;
}

/** Our vehicles as the browser knows them: their devices, and their entities by what these show. */

export const PLATFORM = "nissanconnect";

/**
 * One vehicle.
 *
 * `entities` maps a name such as `sensor.battery_level`, the domain and the translation key, to an entity id. Of
 * several entities of one name, such as those of geofences, `all` has each.
 */
export class Vehicle {
  constructor(device, ids) {
    this.id = device.id;
    this.device = device;
    this.entities = new Map();
    this.all = new Map();
    for (const [name, entityId] of ids) {
      if (!this.entities.has(name)) {
        this.entities.set(name, entityId);
      }
      this.all.set(name, [...(this.all.get(name) ?? []), entityId]);
    }
  }

  get name() {
    return this.device.name_by_user || this.device.name || "";
  }

  /** Whether it has an entity of that name. */
  has(name) {
    return this.entities.has(name);
  }
}

/** Returns the vehicles that Home Assistant knows, by name. A device of ours without a last report is none. */
export function vehiclesOf(hass) {
  const ids = new Map();
  const reporting = new Set();
  for (const entity of Object.values(hass.entities ?? {})) {
    if (entity.platform !== PLATFORM || !entity.device_id || !entity.translation_key) {
      continue;
    }
    const domain = entity.entity_id.split(".", 1)[0];
    if (`${domain}.${entity.translation_key}` === "sensor.last_report") {
      reporting.add(entity.device_id);
    }
    if (entity.hidden) {
      continue;
    }
    ids.set(entity.device_id, [
      ...(ids.get(entity.device_id) ?? []),
      [`${domain}.${entity.translation_key}`, entity.entity_id],
    ]);
  }
  const found = [];
  for (const [deviceId, named] of ids) {
    const device = hass.devices?.[deviceId];
    if (device && reporting.has(deviceId)) {
      found.push(new Vehicle(device, named));
    }
  }
  return found.sort((one, other) => one.name.localeCompare(other.name) || (one.id < other.id ? -1 : 1));
}

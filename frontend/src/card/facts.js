/** The three facts below the drawing: what counts most now, by the kind of vehicle and by what it does. */
import { text } from "../texts/index.js";
import { clock, clockOf, duration, moment, percent, say, valueOf } from "./words.js";

/** Returns the facts: `{label, value, unit, sub}`, at most three. */
export function facts(reading, model) {
  const found = model.kind === "combustion" ? burning(reading, model) : electric(reading, model);
  return found.filter((each) => each !== null).slice(0, 3);
}

function electric(reading, model) {
  return [range(reading, model), plug(reading, model), ready(reading, model) ?? cabin(reading, model) ?? odometer(reading)];
}

function burning(reading, model) {
  const litres = shown(reading, "sensor.fuel_quantity");
  const left = fact(reading, model, "card_range", "sensor.fuel_range", litres && say(reading.hass, "card_in_tank", { amount: litres }));
  return [left, odometer(reading), cabin(reading, model), aux(reading)];
}

/** Returns a state with its unit in one text, or `null` if it is unknown. */
export function shown(reading, name) {
  return reading.value(name) === null ? null : reading.hass.formatEntityState(reading.state(name));
}

/** What is old says "then", with its time. */
function fact(reading, model, label, name, sub) {
  const { hass } = reading;
  if (!reading.vehicle.has(name)) {
    return null;
  }
  if (reading.value(name) === null) {
    return { label: text(hass, label), value: text(hass, "card_unknown"), unit: "", sub: "" };
  }
  const { value, unit } = valueOf(hass, reading.state(name));
  if (model.age.old) {
    const then = say(hass, "card_as_of", { time: moment(hass, model.age.at, model.now) });
    return { label: text(hass, label), value: `≈ ${value}`, unit, sub: then };
  }
  return { label: text(hass, label), value, unit, sub: sub || "" };
}

function range(reading, model) {
  const { hass } = reading;
  if (model.climate.running && reading.value("sensor.range_climate_on") !== null) {
    return fact(reading, model, "card_range", "sensor.range_climate_on", text(hass, "card_with_climate_on"));
  }
  const less = shown(reading, "sensor.range_climate_on");
  const sub = less && say(hass, "card_with_climate", { range: less });
  const known = ["sensor.range", "sensor.range_estimated"].find((name) => reading.value(name) !== null);
  return fact(reading, model, "card_range", known ?? "sensor.range", sub);
}

function plug(reading, model) {
  const { hass } = reading;
  const { plugged, charging, power, finish, status, plugInBy } = model.plug;
  const { plan } = model;
  if (charging) {
    const until = plan?.active && plan.finish ? "card_plan_until" : "card_until";
    const end = (plan?.active && plan.finish) || finish;
    const sub = end && end > model.now ? say(hass, until, { time: moment(hass, end, model.now) }) : "";
    const figure = power !== null ? valueOf(hass, reading.state("sensor.charging_power")) : { value: text(hass, "card_charging"), unit: "" };
    return { label: text(hass, power === null ? "card_plug" : "card_charging"), ...figure, sub };
  }
  const known = plugged === true ? "card_plugged" : plugged === false ? "card_unplugged" : "card_unknown";
  let sub = "";
  if (plugged === null && model.age.old) {
    sub = say(hass, "card_as_of", { time: moment(hass, model.age.at, model.now) });
  } else if (plugged && plan?.active && plan.start && plan.start > model.now) {
    sub = say(hass, "card_starts", { time: moment(hass, plan.start, model.now) });
  } else if (plugged && status !== null && status !== "not_charging") {
    sub = hass.formatEntityState(reading.state("sensor.charging_status"));
  } else if (plugged === false && plugInBy !== null) {
    sub = say(hass, "card_plug_in_by", { time: clockOf(hass, plugInBy) });
  }
  return { label: text(hass, "card_plug"), value: text(hass, known), unit: "", sub };
}

/** When the target is reached, while the plan works for it. */
function ready(reading, { plan, plug: { plugged }, now }) {
  const { hass } = reading;
  if (!plan?.active || !plan.finish || plugged === false) {
    return null;
  }
  const level = plan.level ?? plan.target;
  const label = level === null ? text(hass, "card_ready") : say(hass, "card_level_at", { level: percent(hass, level) });
  const sub = plan.readyBy === null ? "" : say(hass, "card_ready_by", { time: clockOf(hass, plan.readyBy) });
  const far = (plan.finish - now) / 3_600_000 > 18;
  return { label, value: far ? moment(hass, plan.finish, now) : clock(hass, plan.finish), unit: "", sub };
}

function cabin(reading, model) {
  const { hass } = reading;
  const outside = shown(reading, "sensor.outside_temperature");
  const sub = outside && !model.age.old ? say(hass, "card_outside_is", { temperature: outside }) : "";
  const { inside, target, running } = model.climate;
  if (running && target !== null) {
    const state = reading.state("climate.climate");
    const aim = hass.formatEntityAttributeValue?.(state, "temperature") ?? String(target);
    if (inside === null) {
      return { label: text(hass, "card_cabin"), value: say(hass, "card_to", { to: aim }), unit: "", sub };
    }
    const { value, unit } = valueOf(hass, reading.state("sensor.inside_temperature"));
    const bare = unit && aim.endsWith(unit) ? aim.slice(0, -unit.length).trim() : aim;
    return { label: text(hass, "card_cabin"), value: `${value} → ${bare}`, unit, sub };
  }
  if (inside !== null) {
    return fact(reading, model, "card_cabin", "sensor.inside_temperature", sub);
  }
  return fact(reading, model, "card_outside", "sensor.outside_temperature", "");
}

function odometer(reading) {
  const { hass } = reading;
  if (!reading.vehicle.has("sensor.odometer")) {
    return null;
  }
  const oil = shown(reading, "sensor.oil_change");
  const figure = reading.value("sensor.odometer") === null
    ? { value: text(hass, "card_unknown"), unit: "" }
    : valueOf(hass, reading.state("sensor.odometer"));
  return { label: text(hass, "card_odometer"), ...figure, sub: oil ? say(hass, "card_oil_in", { distance: oil }) : "" };
}

function aux(reading) {
  return reading.value("sensor.aux_battery_voltage") === null
    ? null
    : { label: reading.nameOf("sensor.aux_battery_voltage"), ...valueOf(reading.hass, reading.state("sensor.aux_battery_voltage")), sub: "" };
}

/** Returns how long a command took, in words. */
export function took(hass, seconds) {
  return seconds === null ? "" : duration(hass, Math.round(seconds));
}

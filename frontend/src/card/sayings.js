/** What the card says of the vehicle in words: what needs its owner, that all is well, and its last command. */
import { text } from "../texts/index.js";
import { shown, took } from "./facts.js";
import { clock, duration, figure, list, moment, percent, say } from "./words.js";

const ICONS = {
  unlocked: "mdi:lock-open-alert",
  open: "mdi:car-door",
  refused: "mdi:alert-circle",
  not_connected: "mdi:cloud-off-outline",
  not_reachable: "mdi:cloud-off-outline",
  silent: "mdi:clock-alert-outline",
  tyre: "mdi:car-tire-alert",
  lamp: "mdi:engine",
  no_answer: "mdi:help-circle-outline",
  charging_error: "mdi:ev-station",
  plan_failed: "mdi:alert-circle-outline",
  too_late: "mdi:clock-alert-outline",
  fuel_low: "mdi:gas-station",
  battery_low: "mdi:battery-alert-variant-outline",
  aux_low: "mdi:car-battery",
  subscription: "mdi:card-account-details-outline",
};

/** Returns what one thing that needs the owner says: `{icon, title, detail, brief}`; `brief` is for small cards. */
export function saying(reading, model, item) {
  const { hass } = reading;
  const icon = ICONS[item.kind];
  switch (item.kind) {
    case "unlocked": {
      const open = opened(hass, model);
      const seconds = item.since ? (model.now - item.since) / 1000 : null;
      const long = seconds !== null && seconds >= 60;
      const title = long ? say(hass, "card_unlocked_for", { time: duration(hass, seconds) }) : text(hass, "card_unlocked");
      const brief = item.open.length ? say(hass, "card_unlocked_open", { count: figure(hass, item.open.length) }) : title;
      return { icon, title, detail: open, brief };
    }
    case "open":
      return { icon, title: opened(hass, model), detail: "", brief: say(hass, "card_open_count", { count: figure(hass, item.open.length) }) };
    case "refused": {
      const who = item.command.outcome === "blocked" ? "card_not_sent" : item.command.reason === "rejected_by_vehicle" ? "card_refused_by_car" : "card_refused";
      const title = say(hass, who, { command: commandName(hass, item.command.command) });
      return { icon, title, when: moment(hass, item.command.at, model.now), detail: reason(hass, item.command), brief: title };
    }
    case "no_answer": {
      const title = say(hass, "card_no_answer", { command: commandName(hass, item.command.command) });
      return { icon, title, when: moment(hass, item.command.at, model.now), detail: text(hass, "card_no_answer_detail"), brief: title };
    }
    case "not_reachable":
    case "silent": {
      const title = text(hass, item.kind === "silent" ? "card_silent" : "card_not_reachable");
      const when = item.since ? say(hass, "card_since", { time: moment(hass, item.since, model.now) }) : "";
      return { icon, title, when, detail: text(hass, "card_old_detail"), brief: title };
    }
    case "tyre":
      return { icon, ...tyre(reading, item.tyres) };
    case "battery_low":
    case "fuel_low": {
      const title = text(hass, `card_${item.kind}`);
      const detail = item.plugged === false ? text(hass, "card_plug_in") : "";
      return { icon, title, detail: item.kind === "battery_low" ? detail : "", brief: detail || title };
    }
    case "aux_low": {
      const title = say(hass, "card_aux_low", { voltage: shown(reading, "sensor.aux_battery_voltage") });
      return { icon, title, detail: text(hass, "card_aux_low_detail"), brief: title };
    }
    case "plan_failed": {
      const title = text(hass, "card_plan_failed");
      const state = reading.state("sensor.plan_status");
      return { icon, title, detail: hass.formatEntityAttributeValue?.(state, "failure") ?? "", brief: title };
    }
    default: {
      const title = text(hass, `card_${item.kind}`);
      const detail = `card_${item.kind}_detail`;
      const said = text(hass, detail);
      return { icon, title, detail: said === detail ? "" : said, brief: title };
    }
  }
}

function opened(hass, model) {
  return model.open.length === 0 ? "" : say(hass, "card_open", { parts: list(hass, model.open.map((part) => model.parts[part].name)) });
}

function tyre(reading, tyres) {
  const { hass } = reading;
  const low = tyres.filter((each) => each.low && each.pressure !== null);
  const title = low.length === 1
    ? say(hass, "card_tyre_is", { tyre: text(hass, `card_tyre_${low[0].tyre}`), pressure: hass.formatEntityState(low[0].state) })
    : text(hass, "card_tyre");
  const others = tyres.filter((each) => each.pressure !== null && !low.includes(each));
  const detail = low.length === 1 && others.length > 0
    ? say(hass, "card_tyre_others", { pressures: others.map((each) => hass.formatEntityState(each.state)).join(" · ") })
    : "";
  return { title, detail, brief: title };
}

/** Returns the plain line where nothing is wrong with lock and doors: `{icon, title, detail}`, or `null`. */
export function fine(reading, model) {
  const { hass } = reading;
  const { locked, assumed } = model.lock;
  if (model.isNew) {
    return { icon: "mdi:car-clock", title: text(hass, "card_new"), detail: text(hass, "card_new_detail") };
  }
  if (!model.connected || model.open.length > 0 || (locked === false && !assumed)) {
    return null;
  }
  if (locked === null) {
    const title = model.reportsDoors ? "card_all_closed" : null;
    return title && { icon: "mdi:car-door", title: text(hass, title), detail: extras(reading, model) };
  }
  if (assumed) {
    return { icon: "mdi:lock-question", title: text(hass, locked ? "card_assumed_locked" : "card_assumed_unlocked"), detail: "" };
  }
  if (!model.reportsDoors) {
    return { icon: "mdi:lock-check", title: text(hass, "card_locked"), detail: text(hass, "card_no_doors") };
  }
  return { icon: "mdi:lock-check", title: text(hass, "card_locked_closed"), detail: extras(reading, model) };
}

function extras(reading, model) {
  const { hass } = reading;
  const aux = shown(reading, "sensor.aux_battery_voltage");
  return [
    model.tyres.known && !model.tyres.tyres.some((each) => each.low) ? say(hass, "card_tyres_are", { pressures: pressures(hass, model) }) : "",
    aux && say(hass, "card_aux_is", { voltage: aux }),
  ]
    .filter(Boolean)
    .join(" · ");
}

function pressures(hass, model) {
  const known = model.tyres.tyres.filter((each) => each.pressure !== null);
  const unit = known[0].state.attributes.unit_of_measurement ?? "";
  const bare = known.map((each) => hass.formatEntityState(each.state).replace(unit, "").trim());
  return `${bare.join(" · ")} ${unit}`;
}

/** Returns the receipt of the last command, `{icon, tone, text}`, or `null` if a box tells of it or there was none. */
export function receipt(reading, model) {
  const { hass } = reading;
  const under = [...model.controls.main, ...model.controls.more].find((control) => control.busy !== null);
  if (under) {
    const seconds = under.since ? Math.max(0, Math.round((model.now - under.since) / 1000)) : null;
    const command = commandName(hass, under.busy);
    const said = seconds === null ? say(hass, "card_sent", { command }) : say(hass, "card_sent_for", { command, time: duration(hass, seconds) });
    return { icon: "mdi:progress-clock", tone: "", text: said, running: true };
  }
  const last = model.command;
  if (last === null || model.attention.some((item) => item.command === last)) {
    return null;
  }
  const command = commandName(hass, last.command);
  const when = moment(hass, last.at, model.now);
  if (last.outcome === "confirmed") {
    const long = took(hass, last.seconds);
    const said = last.reason === "already_so" || !long
      ? say(hass, "card_confirmed", { command, when })
      : say(hass, "card_confirmed_after", { command, time: long, when });
    return { icon: "mdi:check-circle", tone: "ok", text: said };
  }
  const name = last.outcome === "timed_out" ? "card_no_answer" : last.outcome === "blocked" ? "card_not_sent" : "card_refused";
  return { icon: "mdi:alert-circle-outline", tone: "", text: `${say(hass, name, { command })}, ${when}` };
}

/** Returns why a command did not succeed, in the words of the integration. */
export function reason(hass, { reason: key, code }) {
  return key ? hass.localize(`component.nissanconnect.exceptions.${key}.message`, { code }) || "" : "";
}

/** Returns what a command is called. */
export function commandName(hass, command) {
  const name = `card_command_${command}`;
  const found = text(hass, name);
  return found === name ? String(command ?? "") : found;
}

/** Returns the whole of the drawing as a sentence, for those who do not see it. */
export function sentence(reading, model) {
  const { hass } = reading;
  const level = model.level === null ? text(hass, "card_level_unknown") : percent(hass, model.level);
  const locked = model.lock.locked;
  return [
    `${model.name}, ${level}`,
    model.age.old && model.age.at ? say(hass, "card_as_of", { time: moment(hass, model.age.at, model.now) }) : "",
    locked === null || model.lock.assumed ? "" : text(hass, locked ? "card_locked" : "card_unlocked"),
    opened(hass, model),
    model.plug.charging ? text(hass, "card_charging") : model.plug.plugged ? text(hass, "card_plugged") : "",
    model.climate.running ? text(hass, "card_climate_on") : "",
  ]
    .filter(Boolean)
    .join(". ");
}

/** Returns the one line of a tile: the worst thing, else level, range and what is next. */
export function oneLine(reading, model) {
  const { hass } = reading;
  const level = model.level === null ? null : percent(hass, model.level);
  if (model.isNew) {
    return text(hass, "card_new");
  }
  const worst = model.attention[0];
  if (worst) {
    const brief = saying(reading, model, worst).brief;
    return worst.tone === "bad" || level === null ? brief : `${level} · ${brief}`;
  }
  const range = shown(reading, model.kind === "combustion" ? "sensor.fuel_range" : "sensor.range") ?? shown(reading, "sensor.range_estimated");
  return [level, range, next(reading, model)].filter(Boolean).join(" · ");
}

/** Returns what comes next, in few words: when the plan is done, or that it charges; `null` if nothing does. */
export function next({ hass }, { plan, plug }) {
  if (plan?.active && plan.finish && plug.plugged) {
    const level = percent(hass, plan.level ?? plan.target ?? 100);
    return say(hass, "card_next", { level, time: clock(hass, plan.finish) });
  }
  return plug.charging ? text(hass, "card_charging") : null;
}

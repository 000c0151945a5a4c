/** The row of controls, the question that may take its place, and what stands behind the last button. */
import { html, nothing } from "lit";
import { text } from "../texts/index.js";
import { agesOf, PARTS, TYRES } from "./model.js";
import { commandName } from "./sayings.js";
import { icon } from "./views.js";
import { ago, say } from "./words.js";

const ICONS = {
  lock: "mdi:lock",
  unlock: "mdi:lock-open-variant",
  start_climate: "mdi:fan",
  stop_climate: "mdi:fan-off",
  start_charging: "mdi:ev-station",
  stop_charging: "mdi:ev-station",
  start_engine: "mdi:engine",
  stop_engine: "mdi:engine-off",
  flash_lights: "mdi:car-light-high",
  sound_horn: "mdi:bullhorn",
  stop_signals: "mdi:volume-off",
  refresh: "mdi:alarm",
  charge_now: "mdi:flash",
  skip_plan: "mdi:skip-next",
};

/** Returns what a control is called: what a tap does, what is under way, or why it does nothing now. */
export function labelOf(hass, control) {
  if (control.busy !== null) {
    const start = /^(lock|unlock|start|stop)/.exec(control.busy)?.[0];
    return text(hass, start ? `card_busy_${start}` : "card_busy");
  }
  return text(hass, control.off ? `card_off_${control.off}` : `card_do_${control.command}`);
}

/** One button; `small` has only its icon. */
export function button({ hass, tap }, control, small = false) {
  const label = labelOf(hass, control);
  const name = control.off ? `${text(hass, `card_do_${control.command}`)}: ${label}` : label;
  const classes = [
    small ? "small" : "",
    control.busy !== null ? "busy" : "",
    control.on ? `on ${control.key}` : "",
    control.refused ? "refused" : "",
  ].join(" ");
  return html`<button
    class=${classes}
    ?disabled=${control.off !== null}
    aria-label=${small || control.off ? name : nothing}
    aria-busy=${control.busy !== null}
    @click=${() => control.busy === null && tap(control)}
  >
    ${icon(control.refused && control.key === "climate" ? "mdi:fan-alert" : ICONS[control.command])}
    ${small ? nothing : html`<span>${label}</span>`}
  </button>`;
}

/** The row of controls. */
export function controls(card) {
  const { hass, model, show } = card;
  if (!model.connected) {
    return nothing;
  }
  const more = model.controls.more;
  const busy = more.some((each) => each.busy !== null);
  return html`<div class="controls" role="group">
    ${model.controls.main.map((control) => button(card, control))}
    <button class=${busy ? "busy" : ""} aria-haspopup="dialog" @click=${() => show("more")}>
      ${icon("mdi:dots-horizontal")}<span>${text(hass, "card_do_more")}</span>
    </button>
  </div>`;
}

/** The question before a command: that it wakes the vehicle, whether it is meant, or the code of the lock. */
export function question(card, asked) {
  const { hass, model, answer, cancel } = card;
  const code = asked.ask === "code";
  const title = asked.ask === "wake" ? text(hass, "card_ask_wake") : say(hass, `card_ask_${asked.command}`, { name: model.name });
  const detail = [code ? text(hass, "card_ask_code") : "", text(hass, "card_ask_wakes"), wakes(card)].filter(Boolean).join(" ");
  const submit = (event) => {
    event.preventDefault();
    const field = event.currentTarget.querySelector("input");
    const given = field?.value ?? "";
    if (field) {
      field.value = "";
    }
    answer(asked, given);
  };
  return html`<form class="ask" @submit=${submit} @keydown=${(event) => event.key === "Escape" && (event.stopPropagation(), cancel())}>
    <p>${icon(ICONS[asked.command])}<span><b>${title}</b><small>${detail}</small></span></p>
    <div class="row">
      ${code
        ? html`<input
            class="code"
            type="password"
            inputmode="numeric"
            autocomplete="off"
            maxlength="12"
            aria-label=${text(hass, "card_code")}
            placeholder=${text(hass, "card_code")}
          />`
        : nothing}
      <button type="button" class="pill cancel" @click=${cancel}>${text(hass, "card_cancel")}</button>
      <button type="submit" class="pill main">${text(hass, `card_yes_${asked.command}`)}</button>
    </div>
  </form>`;
}

function wakes({ hass, model }) {
  return model.wakes === null ? "" : model.wakes < 2 ? `${text(hass, `card_wakes_${model.wakes}`)}.` : `${say(hass, "card_wakes", { count: model.wakes })}.`;
}

/** Everything behind the last button. */
export function more(card) {
  const { hass, model, tap, close } = card;
  return html`<ul>
    ${model.controls.more.map(
      (control) => html`<li>
        <button ?disabled=${control.off !== null || control.busy !== null} @click=${() => (close(), tap(control))}>
          ${icon(ICONS[control.command])}<span>${control.busy ? commandName(hass, control.busy) : text(hass, `card_do_${control.command}`)}</span>
          ${control.busy ? html`<small>${labelOf(hass, control)}</small>` : nothing}
        </button>
      </li>`,
    )}
    <li>
      <a href=${`/config/devices/device/${model.id}`} @click=${close}>${icon("mdi:card-account-details-outline")}<span>${text(hass, "card_device")}</span></a>
    </li>
  </ul>`;
}

const LISTED = [
  "sensor.battery_level", "sensor.fuel_level", "sensor.fuel_quantity", "sensor.range", "sensor.fuel_range", "lock.lock", "binary_sensor.locked",
  ...PARTS.map((part) => `binary_sensor.${part}`),
  "binary_sensor.plugged_in", "sensor.charging_status", "climate.climate", "sensor.inside_temperature", "sensor.outside_temperature",
  "binary_sensor.tyre_warning", ...TYRES.map((tyre) => `sensor.tyre_pressure_${tyre}`), "binary_sensor.warning_lamp",
  "sensor.aux_battery_voltage", "sensor.odometer", "device_tracker.location", "sensor.last_report",
];

/** All parts with what they show; and when each was last reported, where the owner has enabled that. */
export function parts(card) {
  const { hass, model, reading, close, info } = card;
  const rows = LISTED.filter((name) => reading.vehicle.has(name));
  const ages = agesOf(reading);
  return html`<ul>
      ${rows.map((name) => {
        const state = reading.state(name);
        return html`<li>
          <button @click=${() => (close(), info(state.entity_id))}>
            <ha-state-icon .hass=${hass} .stateObj=${state} aria-hidden="true"></ha-state-icon>
            <span>${reading.nameOf(name)}</span><small><bdi>${hass.formatEntityState(state)}</bdi></small>
          </button>
        </li>`;
      })}
    </ul>
    ${ages.length
      ? html`<dl>${ages.map(({ part, at }) => html`<dt>${text(hass, `card_part_${part}`)}</dt><dd>${ago(hass, Math.max(0, (model.now - at) / 1000))}</dd>`)}</dl>`
      : nothing}`;
}

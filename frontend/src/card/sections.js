/** What only the full card shows: the plan in figures, month and last charge, the map, the sources. */
import { html, nothing } from "lit";
import { text } from "../texts/index.js";
import { shown } from "./facts.js";
import { icon } from "./views.js";
import { moment, percent, say } from "./words.js";

/** The charge plan: from when to when, how much, and what it costs. */
export function plan({ hass, model, reading }) {
  const { plan: known, now } = model;
  if (known === null || known.status === "off") {
    return nothing;
  }
  const times = [known.start, known.finish].filter((time) => time !== null).map((time) => moment(hass, time, now));
  const level = known.level ?? known.target;
  const figures = [
    ["planned_energy", level === null ? "" : say(hass, "card_plan_to", { level: percent(hass, level) })],
    ["planned_cost", text(hass, "card_plan_cost")],
    ["planned_saving", text(hass, "card_plan_saved")],
  ].map(([key, word]) => [shown(reading, `sensor.${key}`), word]);
  const why = known.reason && hass.formatEntityAttributeValue?.(reading.state("sensor.plan_status"), "reason");
  if (times.length === 0 && !why && !figures.some(([figure]) => figure)) {
    return nothing;
  }
  return html`<section>
    <h3>${text(hass, "card_plan")}<span>${hass.formatEntityState(reading.state("sensor.plan_status"))}</span></h3>
    ${times.length ? html`<p class="when"><bdi>${times.join(" – ")}</bdi></p>` : nothing}
    ${figures.some(([figure]) => figure)
      ? html`<div class="figures">${figures.map(([figure, word]) => (figure ? html`<span><bdi>${figure}</bdi> <small>${word}</small></span>` : nothing))}</div>`
      : nothing}
    ${why ? html`<p class="why">${why}</p>` : nothing}
  </section>`;
}

/** What the month and the last charge came to. */
export function month({ hass, reading }) {
  const of = (key) => shown(reading, `sensor.${key}`);
  const columns = [
    ["mdi:map-marker-distance", "card_month", of("month_distance"), of("month_consumption")],
    ["mdi:ev-station", "card_last_charge", of("last_charge_cost") ?? of("last_charge_energy"), of("last_charge_cost") && of("last_charge_energy")],
  ].filter(([, , value]) => value !== null);
  if (columns.length === 0) {
    return nothing;
  }
  return html`<section class="two">
    ${columns.map(
      ([name, label, value, sub]) => html`<div>
        ${icon(name)}
        <div>
          <div class="label">${text(hass, label)}</div>
          <div class="middle"><bdi>${value}</bdi></div>
          <div class="sub"><bdi>${sub ?? ""}</bdi></div>
        </div>
      </div>`,
    )}
  </section>`;
}

/** Home Assistant's own map of where the vehicle is; `element` is that card. */
export function map({ model }, element) {
  return model.place.state === null || !element ? nothing : html`<div class="map">${element}</div>`;
}

/** Which source tells what; one word where there is only one. */
export function sources({ hass, model }) {
  if (model.sources.length === 0) {
    return nothing;
  }
  const single = model.sources.length === 1;
  return html`<footer>
    ${icon("mdi:source-branch")}
    ${model.sources.map(({ state, parts }) => {
      const what = single ? text(hass, "card_source_all") : parts.map((part) => text(hass, `card_part_${part}`)).join(", ");
      return html`<span><b>${hass.formatEntityState(state)}</b> ${what}</span>`;
    })}
  </footer>`;
}

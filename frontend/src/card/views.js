/** The pieces of the card, each drawn from the model alone. */
import { html, nothing } from "lit";
import { text } from "../texts/index.js";
import { againOf } from "./controls.js";
import { share } from "./drawing/bodies.js";
import { car } from "./drawing/car.js";
import { facts } from "./facts.js";
import { fine, next, oneLine, receipt, saying, sentence } from "./sayings.js";
import { ago, figure, isRightToLeft, moment, percent, say } from "./words.js";

/** The icon with the name of Home Assistant's icon set. */
export const icon = (name) => html`<ha-icon icon=${name} aria-hidden="true"></ha-icon>`;

/** Name, place and age. */
export function header(card) {
  const { model } = card;
  return html`<header>
    <h2><bdi>${model.name}</bdi></h2>
    ${age(card)} ${place(card)}
  </header>`;
}

function age({ hass, model, show }) {
  if (model.age.seconds === null) {
    return nothing;
  }
  const said = ago(hass, model.age.seconds);
  return html`<button
    class="age ${model.age.old ? "old" : ""}"
    aria-label=${say(hass, "card_last_report", { ago: said })}
    @click=${() => show("parts")}
  >
    ${icon("mdi:car-clock")}${said}
  </button>`;
}

/** Where the vehicle is; nothing for one that never tells. */
export function place({ hass, model }) {
  const { privacy, has, state, home, away, since } = model.place;
  if (!privacy && !has) {
    return nothing;
  }
  if (state === null) {
    const name = privacy ? "card_private" : "card_no_place";
    return html`<p class="where">${icon(privacy ? "mdi:eye-off-outline" : "mdi:map-marker-question")}<span>${text(hass, name)}</span></p>`;
  }
  const name = away ? text(hass, "card_away") : hass.formatEntityState(state);
  const said = since ? say(hass, "card_place_since", { place: name, time: moment(hass, since, model.now) }) : name;
  return html`<p class="where">${icon(home ? "mdi:home" : "mdi:map-marker")}<span>${said}</span></p>`;
}

/** The drawing; a tap shows everything that the vehicle reports. */
export function drawing(card, { plain = false, big = false } = {}) {
  const { hass, model, reading } = card;
  const stale = model.age.old && model.age.at !== null;
  return car(model, {
    label: plain || big ? "" : sentence(reading, model),
    level: model.level === null ? "–" : figure(hass, model.level),
    sub: stale && !big && model.level !== null ? moment(hass, model.age.at, model.now) : "",
    rtl: isRightToLeft(hass),
    plain,
    big,
  });
}

/** The drawing with the words of its marks below. */
export function hero(card) {
  const { hass, model } = card;
  const target = model.plan?.target ?? null;
  const { limit } = model;
  return html`<div class="hero">
    <button class="drawing" aria-label=${`${sentence(card.reading, model)}. ${text(hass, "card_show_all")}`} @click=${() => card.show("parts")}>
      ${drawing(card)}
    </button>
    ${target === null && limit === null
      ? nothing
      : html`<div class="marks ${target !== null && limit !== null ? "both" : ""}">
          ${target === null
            ? nothing
            : html`<span style="inset-inline-end:${100 - share(target)}%">${text(hass, "card_target")} <b>${percent(hass, target)}</b></span>`}
          ${limit === null
            ? nothing
            : html`<span class="limit" style=${limit > 84 && target === null ? "inset-inline-end:0" : `inset-inline-start:${share(limit)}%`}
                ><span class="word">${text(hass, "card_limit")} </span>${percent(hass, limit)}</span
              >`}
        </div>`}
  </div>`;
}

/** The three facts. */
export function threeFacts({ reading, model }) {
  return html`<div class="facts">
    ${facts(reading, model).map(
      ({ label, value, unit, sub }) => html`<div>
        <div class="label">${label}</div>
        <div class="value"><bdi>${value}${unit ? html` <small>${unit}</small>` : nothing}</bdi></div>
        <div class="sub">${sub}</div>
      </div>`,
    )}
  </div>`;
}

/** What needs the owner, at most `most` boxes; and the plain line, if there is room. */
export function says(card, most) {
  const { hass, model, reading } = card;
  const items = card.failure ? [card.failure, ...model.attention] : model.attention;
  const shown = items.slice(0, most);
  const rest = items.length - shown.length;
  const calm = shown.length < most || shown.length === 0 ? fine(reading, model) : null;
  return html`${shown.map((item, index) => box(card, item, index === shown.length - 1 ? rest : 0))}
  ${calm === null
    ? nothing
    : html`<div class="say ok">
        ${icon(calm.icon)}
        <p>${calm.title}${calm.detail ? html`<small>${calm.detail}</small>` : nothing}</p>
      </div>`}
  ${rest > 0 && shown.length === 0 ? html`<p class="rest">${say(hass, "card_more_count", { count: figure(hass, rest) })}</p>` : nothing}`;
}

function box(card, item, rest) {
  const { hass, model, reading } = card;
  const said = item.said ?? saying(reading, model, item);
  const detail = [said.detail, rest > 0 ? say(hass, "card_more_count", { count: figure(hass, rest) }) : ""].filter(Boolean).join(" · ");
  const fresh = item.command && item.command.hours < 1 / 60;
  return html`<div class="say ${item.tone}" role=${item.tone === "bad" && (item.said || fresh) ? "alert" : nothing}>
    ${icon(said.icon)}
    <p><b>${said.title}</b>${said.when ? html` ${said.when}` : nothing}${detail ? html`<small>${detail}</small>` : nothing}</p>
    ${boxButton(card, item)}
  </div>`;
}

/** What helps against it, if that is one tap: the same command again, or a look at the integration. */
function boxButton({ hass, model, tap }, item) {
  if (item.kind === "not_connected") {
    return html`<a class="pill line" href="/config/integrations/integration/nissanconnect">${text(hass, "card_to_integration")}</a>`;
  }
  const control = item.kind === "refused" && againOf(model, item.command);
  return control ? html`<button class="pill line" @click=${() => tap(control)}>${text(hass, "card_again")}</button>` : nothing;
}


/** The last command and how often the vehicle was woken today. */
export function lastCommand({ hass, model, reading }) {
  const last = receipt(reading, model);
  const { wakes } = model;
  const often = wakes === null ? null : wakes < 2 ? text(hass, `card_wakes_${wakes}`) : say(hass, "card_wakes", { count: figure(hass, wakes) });
  if (last === null && often === null) {
    return nothing;
  }
  return html`<div class="receipt ${last?.tone ?? ""}">
    <span class="outcome" role=${last?.running ? nothing : "status"}>${last ? html`${icon(last.icon)}<span>${last.text}</span>` : nothing}</span>
    ${often === null ? nothing : html`<span class="wakes">${icon("mdi:alarm")}${often}</span>`}
  </div>`;
}

/** One row: silhouette with a badge, name, one line, and two buttons where there is room. */
export function tile(card, button) {
  const { model, reading } = card;
  const worst = model.attention[0];
  const badge = worst
    ? { tone: worst.tone, icon: saying(reading, model, worst).icon }
    : model.plug.charging
      ? { tone: "ok", icon: "mdi:flash" }
      : null;
  const short = ["climate", "lock"].map((key) => model.controls.main.find((each) => each.key === key)).filter(Boolean);
  return html`<div class="tile">
    <button class="open-card" aria-label=${`${sentence(reading, model)}. ${text(card.hass, "card_show_all")}`} @click=${() => card.show("card")}></button>
    <div class="mini">
      ${drawing(card, { plain: true })}${badge ? html`<span class="badge ${badge.tone}">${icon(badge.icon)}</span>` : nothing}
    </div>
    <div class="words">
      <div class="name"><bdi>${model.name}</bdi></div>
      <div class="line ${worst?.tone ?? ""}">${oneLine(reading, model)}</div>
    </div>
    <div class="short">${short.map((control) => button(control, true))}</div>
  </div>`;
}

/** Two rows: the drawing, four lines, and the thing to do, if there is one. */
export function glance(card, button) {
  const { hass, model, reading } = card;
  const worst = model.attention[0];
  const [first] = facts(reading, model);
  const then = next(reading, model);
  const state = worst ? saying(reading, model, worst).brief : (fine(reading, model)?.title ?? "");
  const todo = worst?.kind === "unlocked" ? model.controls.main.find((each) => each.key === "lock") : worst?.kind === "refused" ? againOf(model, worst.command) : null;
  const old = model.age.seconds === null ? nothing : html`<span class=${model.age.old ? "old" : ""}>${ago(hass, model.age.seconds)}</span>`;
  return html`<div class="glance">
    <button class="open-card" aria-label=${`${sentence(reading, model)}. ${text(hass, "card_show_all")}`} @click=${() => card.show("card")}></button>
    <div class="picture">${drawing(card, { big: true })}</div>
    <div class="words">
      <div class="top"><h2><bdi>${model.name}</bdi></h2>${old}</div>
      ${place(card)}
      ${first ? html`<p class="what"><bdi>${first.value} ${first.unit}</bdi>${then ? html` · ${then}` : nothing}</p>` : nothing}
      <p class="state ${worst?.tone ?? ""}">${state}</p>
    </div>
    ${todo ? button(todo, true) : nothing}
  </div>`;
}

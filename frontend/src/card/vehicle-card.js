/** The vehicle card: it follows Home Assistant's states, draws the model, and sends what is tapped. */
import { html, LitElement, nothing } from "lit";
import { text } from "../texts/index.js";
import { vehiclesOf } from "../vehicles.js";
import { button, controls, more, parts, question } from "./asking.js";
import { cardSize, checked, form, gridOptions, stub } from "./config.js";
import { describe } from "./model.js";
import { Reading } from "./reading.js";
import { commandName } from "./sayings.js";
import * as sections from "./sections.js";
import { styles } from "./styles/index.js";
import { glance, header, hero, icon, lastCommand, says, threeFacts, tile } from "./views.js";
import { say } from "./words.js";

/** After so long without an answer a question goes away, in ms. */
const PATIENCE = 20_000;

/** What else of Home Assistant the card shows: if one of these is another object, it is drawn again. */
const SHOWN = ["entities", "devices", "locale", "language", "localize", "themes", "formatEntityState", "translationMetadata"];

/** The language of a page for which there is no Home Assistant yet. */
const page = () => ({ language: document.documentElement.lang || navigator.language });

export class VehicleCard extends LitElement {
  static properties = {
    hass: { attribute: false },
    preview: { attribute: false },
    config: { state: true },
    calls: { state: true },
    asked: { state: true },
    failure: { state: true },
    shown: { state: true },
    tick: { state: true },
    mapCard: { state: true },
  };

  static styles = styles;

  static getStubConfig(hass) {
    return stub(hass);
  }

  static getConfigForm() {
    return form(document.querySelector("home-assistant")?.hass ?? page());
  }

  constructor() {
    super();
    this.calls = {};
    this.asked = null;
    this.failure = null;
    this.shown = null;
    this.mapCard = null;
    this.onVisible = () => !document.hidden && this.#beat();
  }

  setConfig(config) {
    this.config = checked(config, this.hass ?? page());
    this.asked = null;
    this.failure = null;
  }

  getCardSize() {
    return cardSize(this.config.size);
  }

  getGridOptions() {
    return gridOptions(this.config.chosen);
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.onVisible);
    this.#beat();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.onVisible);
    clearTimeout(this.timer);
    clearTimeout(this.patience);
  }

  /** A new Home Assistant object comes with every state of the house: only what was read counts. */
  shouldUpdate(changed) {
    const before = changed.get("hass");
    if (changed.size > 1 || before === undefined || !this.reading) {
      return true;
    }
    return SHOWN.some((name) => before[name] !== this.hass[name]) || this.reading.changed(this.hass);
  }

  willUpdate() {
    const { hass, config } = this;
    if (!hass || !config) {
      return;
    }
    this.toggleAttribute("dark", Boolean(hass.themes?.darkMode));
    this.#loadNames();
    const vehicle = vehiclesOf(hass).find((each) => each.id === config.device);
    this.reading = vehicle ? new Reading(hass, vehicle) : null;
    this.model = vehicle ? describe(this.reading, { now: new Date(), oldAfter: config.oldAfter, calls: this.calls }) : null;
    // What the event of the command tells, the card need not tell again.
    if (this.failure && this.model?.command && this.model.command.at >= this.failure.since) {
      this.failure = null;
    }
  }

  render() {
    if (!this.hass || !this.config) {
      return nothing;
    }
    if (!this.model) {
      return html`<ha-card><p class="gone">${icon("mdi:car-off")}${text(this.hass, "card_gone")}</p></ha-card>`;
    }
    const card = this.#context();
    const { size } = this.config;
    const small = (control, short) => button(card, control, short);
    const body = size === "tile" ? tile(card, small) : size === "glance" ? glance(card, small) : this.#whole(card, size);
    return html`<ha-card role="article" aria-label=${this.model.name}><div class="box">${body}</div></ha-card>
      ${this.#dialog(card)}`;
  }

  updated() {
    const dialog = this.renderRoot.querySelector("dialog");
    if (dialog && this.shown && !dialog.open) {
      dialog.showModal();
    }
    const ask = this.renderRoot.querySelector(".ask");
    if (ask && !this.focused) {
      this.focused = true;
      (ask.querySelector("input") ?? ask.querySelector(".cancel")).focus();
    } else if (!ask) {
      this.focused = false;
    }
    this.#updateMap();
    this.#beat();
  }

  #context() {
    return {
      hass: this.hass,
      model: this.model,
      reading: this.reading,
      failure: this.failure,
      show: (what) => (this.shown = what),
      close: () => this.renderRoot.querySelector("dialog")?.close(),
      tap: (control) => this.#tap(control),
      answer: (control, code) => this.#answer(control, code),
      cancel: () => this.#cancel(),
      info: (entityId) => this.#fire("hass-more-info", { entityId }),
    };
  }

  /** The medium or the full card; the dialog of a small one shows the medium one, too. */
  #whole(card, size) {
    const { shows } = this.config;
    const full = size === "full";
    const left = html`${header(card)} ${hero(card)} ${shows.facts ? threeFacts(card) : nothing}
    ${shows.say ? says(card, full ? 2 : 1) : nothing}
    ${this.asked ? question(card, this.asked) : shows.controls ? controls(card) : nothing}
    ${shows.receipt && (full || Object.keys(this.calls).length > 0) ? lastCommand(card) : nothing}`;
    if (!full) {
      return html`<div class="in medium">${left}</div>`;
    }
    return html`<div class="in full">
      <div class="column">${left}</div>
      <div class="column">
        ${shows.plan ? sections.plan(card) : nothing} ${shows.month ? sections.month(card) : nothing}
        ${shows.map ? sections.map(card, this.mapCard) : nothing} ${shows.sources ? sections.sources(card) : nothing}
      </div>
    </div>`;
  }

  #dialog(card) {
    if (!this.shown) {
      return nothing;
    }
    const title = this.shown === "parts" ? say(this.hass, "card_all_parts", { name: this.model.name }) : this.model.name;
    const body = { parts: () => parts(card), more: () => more(card), card: () => html`<div class="box">${this.#whole(card, "medium")}</div>` };
    return html`<dialog aria-label=${title} @close=${() => this.#closed()} @click=${(event) => event.target === event.currentTarget && card.close()}>
      <div class="frame">
        <div class="bar">
          <h2><bdi>${this.shown === "card" ? "" : title}</bdi></h2>
          <button class="small" aria-label=${text(this.hass, "card_close")} @click=${card.close}>${icon("mdi:close")}</button>
        </div>
        ${body[this.shown]()}
      </div>
    </dialog>`;
  }

  #closed() {
    this.shown = null;
    if (["tile", "glance"].includes(this.config.size)) {
      this.#cancel();
    }
  }

  /** Sends a command, or asks before it does. */
  #tap(control) {
    this.failure = null;
    if (control.ask === null) {
      this.#send(control);
      return;
    }
    this.#ask(control);
  }

  #ask(control) {
    this.asked = control;
    if (["tile", "glance"].includes(this.config.size)) {
      this.shown = "card";
    }
    clearTimeout(this.patience);
    if (control.ask !== "code") {
      this.patience = setTimeout(() => this.#cancel(), PATIENCE);
    }
  }

  #cancel() {
    clearTimeout(this.patience);
    this.asked = null;
  }

  #answer(control, code) {
    this.#cancel();
    this.#send(control, code);
  }

  /** Sends a command and waits for its end. The code goes with it and is kept nowhere. */
  async #send(control, code = "") {
    const since = new Date();
    const { key, command, entity, service } = control;
    this.calls = { ...this.calls, [key]: { command, since } };
    const [domain, action] = service.split(".");
    try {
      await this.hass.callService(domain, action, code ? { code } : {}, { entity_id: entity }, false);
    } catch (error) {
      this.#failed(control, since, error);
    } finally {
      const { [key]: ended, ...others } = this.calls;
      this.calls = ended?.since === since ? others : this.calls;
    }
  }

  #failed(control, since, error) {
    if (error?.translation_key === "pin_required" && control.takesCode && control.ask !== "code") {
      this.#ask({ ...control, ask: "code" });
      return;
    }
    const at = this.model?.command?.at;
    if (at && at >= since) {
      return; // the event has told it
    }
    const title = say(this.hass, "card_not_sent", { command: commandName(this.hass, control.command) });
    this.failure = { kind: "failed", tone: "bad", since, said: { icon: "mdi:alert-circle", title, detail: error?.message ?? "" } };
  }

  /** Draws again when an age or a duration has become another one; never while nobody looks. */
  #beat() {
    clearTimeout(this.timer);
    if (!this.isConnected || document.hidden) {
      return;
    }
    const pause = Object.keys(this.calls).length > 0 ? 1000 : 30_000;
    this.timer = setTimeout(() => (this.tick = Date.now()), pause);
  }

  /** The names of our states and reasons, once for each language. */
  #loadNames() {
    const { hass } = this;
    if (this.named === hass.language || !hass.loadBackendTranslation) {
      return;
    }
    this.named = hass.language;
    hass.loadBackendTranslation("entity", "nissanconnect");
    hass.loadBackendTranslation("exceptions", "nissanconnect");
  }

  async #updateMap() {
    const wanted = this.config?.size === "full" && this.config.shows.map && this.model?.place.state?.entity_id;
    if (!wanted || this.mapped !== wanted) {
      this.mapped = wanted;
      const helpers = wanted && (await window.loadCardHelpers?.());
      if (this.mapped === wanted) {
        this.mapCard = helpers ? helpers.createCardElement({ type: "map", entities: [wanted], default_zoom: 15, aspect_ratio: "2:1" }) : null;
      }
    }
    if (this.mapCard) {
      this.mapCard.hass = this.hass;
    }
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

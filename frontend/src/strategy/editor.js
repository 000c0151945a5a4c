/** The editor of a strategy: a form of Home Assistant's, with our texts. */
import { LitElement, html, nothing } from "lit";
import { text } from "../texts/index.js";

export const EDITOR = "nissanconnect-strategy-editor";

/** Returns an editor for options of this schema. */
export function editor(schema) {
  const element = document.createElement(EDITOR);
  element.schema = schema;
  return element;
}

/** Returns the configuration without the options that are empty: these mean the same as none. */
export function filled(config) {
  const isFilled = (value) => value !== undefined && value !== null && value.length !== 0;
  return Object.fromEntries(Object.entries(config).filter(([, value]) => isFilled(value)));
}

export class StrategyEditor extends LitElement {
  static properties = { hass: { attribute: false }, schema: { attribute: false }, _config: { state: true } };

  setConfig(config) {
    this._config = config;
  }

  render() {
    if (!this.hass || !this._config) {
      return nothing;
    }
    return html`<ha-form
      .hass=${this.hass}
      .data=${this._config}
      .schema=${this.schema}
      .computeLabel=${(each) => text(this.hass, `option_${each.name}`)}
      .computeHelper=${(each) => (each.name === "vehicles" ? text(this.hass, "option_vehicles_help") : undefined)}
      @value-changed=${this._changed}
    ></ha-form>`;
  }

  _changed(event) {
    event.stopPropagation();
    const config = filled(event.detail.value);
    this.dispatchEvent(new CustomEvent("config-changed", { detail: { config }, bubbles: true, composed: true }));
  }
}

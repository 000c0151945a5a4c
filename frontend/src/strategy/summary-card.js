/** The sentence above the overview: the worst of what needs somebody, and below it the rest. */
import { LitElement, css, html, nothing } from "lit";
import { text } from "../texts/index.js";
import { chosen } from "./source.js";
import { sentences } from "./worst.js";

/** How many sentences stand below the first; the others are counted. */
const BELOW = 2;

/** Returns the sentence, and the line below it. */
export function summary(hass, ids) {
  const t = (name, placeholders) => text(hass, name, placeholders);
  const [first, ...rest] = sentences(t, hass, chosen(hass, ids));
  const more = rest.length - BELOW;
  const below = [...rest.slice(0, BELOW), ...(more > 0 ? [t("says_more", { number: more })] : [])];
  return { first: first ?? t("says_nothing"), below: below.join(" · ") };
}

export class SummaryCard extends LitElement {
  static properties = { _first: { state: true }, _below: { state: true } };

  setConfig(config) {
    this._vehicles = config.vehicles;
  }

  /** Told with every change of any state; it draws only if it has something else to say. */
  set hass(hass) {
    const { first, below } = summary(hass, this._vehicles);
    this._first = first;
    this._below = below;
  }

  getCardSize() {
    return 1;
  }

  getGridOptions() {
    return { columns: "full", rows: "auto" };
  }

  render() {
    if (!this._first) {
      return nothing;
    }
    return html`<div role="status">
      <p class="first"><bdi>${this._first}</bdi></p>
      ${this._below ? html`<p class="below"><bdi>${this._below}</bdi></p>` : nothing}
    </div>`;
  }

  static styles = css`
    p {
      margin: 0;
      text-align: start;
      overflow-wrap: anywhere;
    }
    .first {
      color: var(--primary-text-color);
      font-size: var(--ha-font-size-2xl);
      font-weight: var(--ha-font-weight-medium);
      line-height: var(--ha-line-height-condensed);
    }
    .below {
      margin-block-start: var(--ha-space-1);
      color: var(--secondary-text-color);
      font-size: var(--ha-font-size-m);
    }
    @media (max-width: 600px) {
      .first {
        font-size: var(--ha-font-size-xl);
      }
    }
  `;
}

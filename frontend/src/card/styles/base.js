/** The colours of the card, made of Home Assistant's own, and its frame. */
import { css } from "lit";

export const colours = css`
  :host {
    --nissanconnect-level: var(--ha-color-green-50);
    --nissanconnect-level-fill: color-mix(in srgb, var(--ha-color-green-60) 26%, transparent);
    --nissanconnect-low: var(--ha-color-orange-50);
    --nissanconnect-low-fill: color-mix(in srgb, var(--ha-color-orange-60) 30%, transparent);
    --nissanconnect-fuel: var(--state-icon-color);
    --nissanconnect-fuel-fill: color-mix(in srgb, var(--state-icon-color) 26%, transparent);
    --nissanconnect-open: var(--ha-color-red-50);
    --nissanconnect-open-fill: color-mix(in srgb, var(--nissanconnect-open) 30%, var(--card-background-color));
    --nissanconnect-outline: var(--ha-color-neutral-40);
    --nissanconnect-tyre: var(--ha-color-neutral-40);
    --nissanconnect-line: var(--ha-color-neutral-60);
    --nissanconnect-glass: color-mix(in srgb, var(--ha-color-neutral-40) 22%, transparent);
    --nissanconnect-soft: color-mix(in srgb, var(--disabled-color) 22%, var(--card-background-color));
    display: block;
    height: 100%;
  }
  :host([dark]) {
    --nissanconnect-level: var(--ha-color-green-60);
    --nissanconnect-low: var(--ha-color-orange-60);
    --nissanconnect-open: var(--ha-color-red-60);
    --nissanconnect-outline: var(--ha-color-neutral-70);
    --nissanconnect-tyre: var(--ha-color-neutral-60);
    --nissanconnect-line: var(--ha-color-neutral-50);
    --nissanconnect-glass: color-mix(in srgb, var(--ha-color-neutral-70) 24%, transparent);
  }
`;

export const frame = css`
  * {
    box-sizing: border-box;
  }
  ha-card {
    height: 100%;
    overflow: hidden;
    color: var(--primary-text-color);
    font-family: var(--ha-font-family-body);
    font-size: var(--ha-font-size-m, 14px);
    line-height: 20px;
  }
  .box {
    container-type: inline-size;
  }
  ha-card > .box {
    height: 100%;
  }
  h2,
  h3,
  p,
  ul,
  dl,
  dd {
    margin: 0;
    padding: 0;
    font-weight: var(--ha-font-weight-normal, 400);
  }
  button,
  a.pill {
    border: 0;
    margin: 0;
    background: none;
    color: inherit;
    font: inherit;
    text-align: inherit;
    text-decoration: none;
    cursor: pointer;
    -webkit-tap-highlight-color: transparent;
  }
  button:focus-visible,
  a:focus-visible,
  input:focus-visible {
    outline: 2px solid var(--primary-text-color);
    outline-offset: 2px;
  }
  button[disabled] {
    cursor: default;
  }
  ha-icon,
  ha-state-icon {
    flex: none;
    --mdc-icon-size: 24px;
  }
  .gone {
    display: flex;
    gap: 12px;
    align-items: center;
    padding: var(--ha-space-4, 16px);
    color: var(--secondary-text-color);
  }
  .in,
  .column {
    display: flex;
    flex-direction: column;
    gap: var(--ha-space-4, 16px);
  }
  .in {
    padding: var(--ha-space-4, 16px);
  }
  .in.medium {
    gap: 12px;
    padding-block-start: 12px;
  }
  @container (min-width: 640px) {
    .in.full {
      display: grid;
      grid-template-columns: minmax(0, 1.02fr) minmax(0, 1fr);
      gap: 0 32px;
      padding: 20px;
    }
    .in.full .column + .column section:first-child {
      border-top: 0;
      padding-top: 0;
    }
  }
  .column:empty {
    display: none;
  }
`;

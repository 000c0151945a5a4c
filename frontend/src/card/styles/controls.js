/** The looks of buttons, of questions and of the receipt. */
import { css } from "lit";

export const controlStyles = css`
  .controls {
    display: grid;
    grid-auto-columns: minmax(0, 1fr);
    grid-auto-flow: column;
    gap: 8px;
  }
  .controls button {
    position: relative;
    display: flex;
    flex-direction: column;
    gap: 4px;
    align-items: center;
    justify-content: center;
    min-height: 64px;
    padding: 8px 4px;
    overflow: hidden;
    border-radius: var(--ha-border-radius-lg, 12px);
    background: var(--nissanconnect-soft);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 14px;
    text-align: center;
  }
  .medium .controls button {
    min-height: 56px;
    padding: 6px 2px;
  }
  .controls button:hover:not([disabled]),
  .small:hover {
    filter: brightness(0.96);
  }
  :host([dark]) .controls button:hover:not([disabled]),
  :host([dark]) .small:hover {
    filter: brightness(1.2);
  }
  button.on {
    background: color-mix(in srgb, var(--is) 20%, var(--card-background-color)) !important;
  }
  button.on ha-icon {
    color: var(--is);
  }
  button.on.charge {
    --is: var(--nissanconnect-level);
  }
  button.on.climate {
    --is: var(--state-climate-heat-color, var(--ha-color-orange-50));
  }
  :host(:not([dark])) button.on.climate ha-icon {
    color: var(--ha-color-on-warning-normal);
  }
  button.refused {
    box-shadow: inset 0 0 0 1px var(--ha-color-on-danger-normal);
  }
  button.refused ha-icon {
    color: var(--ha-color-on-danger-normal);
  }
  .controls button[disabled] {
    background: none;
    box-shadow: inset 0 0 0 1px var(--divider-color);
    color: var(--secondary-text-color);
  }
  .controls .busy::after,
  .small.busy::after {
    content: "";
    position: absolute;
    bottom: 0;
    inset-inline: 0;
    height: 3px;
    background: linear-gradient(90deg, transparent 0 20%, var(--primary-color) 20% 65%, transparent 65%) 0 0 / 200% 100%;
  }
  @media (prefers-reduced-motion: no-preference) {
    .busy::after {
      animation: busy 1.2s linear infinite;
    }
  }
  @keyframes busy {
    from {
      background-position: 200% 0;
    }
  }
  .ask {
    display: grid;
    gap: 12px;
    padding: 12px;
    border-radius: var(--ha-border-radius-lg, 12px);
    background: var(--nissanconnect-soft);
    animation: appear var(--ha-animation-duration-normal, 250ms);
  }
  .ask p {
    display: flex;
    gap: 12px;
  }
  .ask p ha-icon {
    color: var(--ha-color-on-warning-normal);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    justify-content: flex-end;
  }
  .code {
    flex: 1 1 96px;
    min-width: 0;
    height: 44px;
    padding: 0 16px;
    border: 1px solid var(--ha-color-border-neutral-normal);
    border-radius: var(--ha-border-radius-lg, 12px);
    background: var(--card-background-color);
    color: inherit;
    font: inherit;
  }
  .receipt {
    display: flex;
    gap: 8px;
    align-items: center;
    justify-content: space-between;
    margin-top: -8px;
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 16px;
  }
  .receipt span {
    display: flex;
    gap: 8px;
    align-items: center;
  }
  .receipt .wakes {
    gap: 4px;
    margin-inline-start: auto;
    white-space: nowrap;
  }
  .receipt ha-icon {
    --mdc-icon-size: 16px;
  }
  .receipt.ok .outcome ha-icon {
    color: var(--ha-color-on-success-normal);
  }
  .small {
    position: relative;
    display: grid;
    flex: none;
    place-items: center;
    width: 44px;
    height: 44px;
    padding: 0;
    overflow: hidden;
    border-radius: var(--ha-border-radius-lg, 12px);
    background: var(--nissanconnect-soft);
  }
`;

/** The looks of the medium and the full card. */
import { css } from "lit";

export const head = css`
  header {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0 12px;
    align-items: start;
  }
  header h2 {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    font-size: var(--ha-font-size-xl, 20px);
    font-weight: var(--ha-font-weight-medium, 500);
    line-height: 28px;
  }
  .where {
    grid-column: 1 / -1;
    display: flex;
    gap: 4px;
    align-items: center;
    min-width: 0;
    color: var(--secondary-text-color);
  }
  .where ha-icon {
    --mdc-icon-size: 16px;
  }
  .age {
    display: inline-flex;
    gap: 6px;
    align-items: center;
    height: 44px;
    min-width: 44px;
    margin-block: -8px;
    margin-inline-end: -4px;
    padding: 0 4px;
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    white-space: nowrap;
  }
  .age ha-icon {
    --mdc-icon-size: 18px;
  }
  .old {
    color: var(--ha-color-on-warning-normal) !important;
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .drawing {
    display: block;
    width: 100%;
    padding: 0;
    border-radius: var(--ha-border-radius-lg, 12px);
  }
  .hero {
    margin-top: 4px;
  }
  .medium .drawing,
  .medium .marks {
    max-width: 360px;
    margin-inline: auto;
  }
  .in.full .column:first-child .hero {
    clip-path: inset(-60px -20px -60px -40px);
  }
  .marks {
    position: relative;
    height: 18px;
    margin-top: 2px;
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 16px;
  }
  .marks > span {
    position: absolute;
    top: 0;
    padding-inline: 5px;
    white-space: nowrap;
  }
  .marks b {
    color: var(--primary-text-color);
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .facts {
    display: grid;
    grid-auto-columns: minmax(0, 1fr);
    grid-auto-flow: column;
    gap: 8px;
  }
  .facts > div {
    min-width: 0;
  }
  .facts > div + div {
    padding-inline-start: 12px;
    border-inline-start: 1px solid var(--divider-color);
  }
  .label,
  .sub {
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 16px;
  }
  .facts .value {
    overflow: hidden;
    text-overflow: ellipsis;
    font-size: var(--ha-font-size-xl, 20px);
    line-height: 28px;
    white-space: nowrap;
  }
  .facts small {
    font-size: var(--ha-font-size-m, 14px);
  }
  @container (max-width: 400px) {
    .marks.both .word {
      display: none;
    }
    .facts .value {
      font-size: 18px;
    }
    .facts > div + div {
      padding-inline-start: 8px;
    }
  }
  @container (max-width: 330px) {
    .facts {
      gap: 6px;
    }
    .facts .value {
      font-size: 16px;
    }
    .facts > div + div {
      padding-inline-start: 6px;
    }
  }
`;

export const saysStyles = css`
  .say {
    display: flex;
    gap: 12px;
    align-items: center;
    min-height: 44px;
    padding: 8px 12px;
    border-radius: var(--ha-border-radius-lg, 12px);
    animation: appear var(--ha-animation-duration-normal, 250ms);
  }
  .say p {
    flex: 1;
    min-width: 0;
  }
  .say small,
  .ask small {
    display: block;
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 16px;
  }
  b {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .say.ok {
    min-height: 40px;
    padding: 0 4px;
  }
  .say.ok ha-icon {
    color: var(--ha-color-on-success-normal);
  }
  .say.bad {
    background: var(--ha-color-fill-danger-quiet-resting);
  }
  .say.bad > ha-icon,
  .say.bad b,
  .bad.line,
  .bad.state {
    color: var(--ha-color-on-danger-normal);
  }
  .say.warn {
    background: var(--ha-color-fill-warning-quiet-resting);
  }
  .say.warn > ha-icon,
  .say.warn b,
  .warn.line,
  .warn.state {
    color: var(--ha-color-on-warning-normal);
  }
  .pill {
    display: inline-flex;
    align-items: center;
    height: 44px;
    padding: 0 20px;
    border-radius: var(--ha-border-radius-pill, 9999px);
    font-weight: var(--ha-font-weight-medium, 500);
    white-space: nowrap;
  }
  button.pill {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .pill.main {
    background: var(--ha-color-primary-30);
    color: #fff;
  }
  .pill.line {
    box-shadow: inset 0 0 0 1px var(--ha-color-border-neutral-normal);
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }
`;

export const sectionStyles = css`
  section {
    display: grid;
    gap: 8px;
    padding-top: var(--ha-space-4, 16px);
    border-top: 1px solid var(--divider-color);
  }
  h3 {
    display: flex;
    gap: 8px;
    align-items: baseline;
    justify-content: space-between;
    font-size: var(--ha-font-size-m, 14px);
    font-weight: var(--ha-font-weight-medium, 500);
    line-height: 20px;
  }
  h3 span,
  section small,
  .why {
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    font-weight: var(--ha-font-weight-normal, 400);
    line-height: 16px;
  }
  .when {
    font-size: var(--ha-font-size-xl, 20px);
    line-height: 28px;
  }
  .figures {
    display: flex;
    flex-wrap: wrap;
    gap: 8px 20px;
  }
  .two {
    grid-template-columns: 1fr 1fr;
    gap: 16px;
  }
  .two > div {
    display: flex;
    gap: 12px;
  }
  .two ha-icon {
    color: var(--state-icon-color);
  }
  .middle {
    font-size: var(--ha-font-size-l, 16px);
    line-height: 24px;
  }
  .map {
    --ha-card-border-width: 0;
    overflow: hidden;
    border-radius: var(--ha-border-radius-md, 8px);
  }
  footer {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 12px;
    align-items: center;
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 16px;
  }
  footer ha-icon {
    --mdc-icon-size: 16px;
  }
  footer b {
    color: var(--primary-text-color);
  }
`;

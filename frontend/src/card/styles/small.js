/** The looks of tile and glance, and of the lists that a tap opens. */
import { css } from "lit";

export const smallStyles = css`
  .tile,
  .glance {
    position: relative;
    display: flex;
    gap: 12px;
    align-items: center;
    height: 100%;
  }
  .tile {
    min-height: 54px;
    padding: 5px 12px;
  }
  .open-card {
    position: absolute;
    inset: 0;
    border-radius: inherit;
  }
  .open-card:focus-visible {
    outline-offset: -3px;
  }
  .words {
    display: grid;
    flex: 1;
    grid-template-columns: minmax(0, 1fr);
    min-width: 0;
  }
  .mini,
  .picture,
  .words {
    pointer-events: none;
  }
  .mini {
    position: relative;
    flex: none;
    width: 60px;
  }
  .mini .car {
    width: 56px;
    margin: auto;
  }
  .badge {
    position: absolute;
    top: -9px;
    inset-inline-end: -5px;
    display: grid;
    place-items: center;
    width: 18px;
    height: 18px;
    border-radius: 50%;
    box-shadow: 0 0 0 2px var(--card-background-color);
    background: var(--ha-color-fill-danger-loud-resting);
    color: #fff;
  }
  .badge.warn {
    background: var(--ha-color-orange-40);
  }
  .badge.ok {
    background: var(--ha-color-fill-success-loud-resting);
  }
  .badge ha-icon {
    --mdc-icon-size: 12px;
  }
  .name {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .name,
  .line,
  .glance .words p,
  .glance .where span {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .line,
  .state {
    font-size: var(--ha-font-size-s, 12px);
    line-height: 16px;
  }
  .line.bad,
  .line.warn,
  .state.bad,
  .state.warn {
    font-weight: var(--ha-font-weight-medium, 500);
  }
  .short {
    display: none;
    gap: 8px;
    position: relative;
  }
  @container (min-width: 400px) {
    .short {
      display: flex;
    }
  }
  .glance {
    min-height: 118px;
    padding: 10px 12px 10px 8px;
  }
  .glance .small {
    position: relative;
  }
  .picture {
    flex: none;
    width: 152px;
    clip-path: inset(-14px -8px -14px -10px);
  }
  .glance .words {
    gap: 2px;
  }
  .glance .top {
    display: flex;
    flex-wrap: wrap;
    gap: 0 8px;
    align-items: baseline;
    justify-content: space-between;
  }
  .glance .top span {
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    white-space: nowrap;
  }
  .glance h2 {
    flex: 1 1 56px;
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    font-size: var(--ha-font-size-l, 16px);
    font-weight: var(--ha-font-weight-medium, 500);
    line-height: 22px;
    white-space: nowrap;
  }
  .glance .where {
    font-size: var(--ha-font-size-s, 12px);
    line-height: 16px;
  }
  .glance .state:not(.bad, .warn) {
    color: var(--secondary-text-color);
  }
  @container (max-width: 330px) {
    .picture {
      width: 116px;
    }
  }
`;

export const dialogStyles = css`
  dialog {
    width: min(480px, calc(100vw - 32px));
    max-height: min(680px, calc(100dvh - 32px));
    padding: 0;
    overflow: auto;
    border: 0;
    border-radius: var(--ha-border-radius-xl, 16px);
    background: var(--card-background-color);
    color: var(--primary-text-color);
    font-family: var(--ha-font-family-body);
    font-size: var(--ha-font-size-m, 14px);
    line-height: 20px;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 50%);
  }
  .frame {
    padding-bottom: 8px;
  }
  .bar {
    position: sticky;
    top: 0;
    z-index: 1;
    display: flex;
    gap: 12px;
    align-items: center;
    justify-content: space-between;
    padding: 8px 8px 8px 16px;
    background: var(--card-background-color);
  }
  .bar:dir(rtl) {
    padding: 8px 16px 8px 8px;
  }
  .bar h2 {
    font-size: var(--ha-font-size-l, 16px);
    font-weight: var(--ha-font-weight-medium, 500);
  }
  dialog ul {
    list-style: none;
  }
  dialog li > button,
  dialog li > a {
    display: flex;
    gap: 16px;
    align-items: center;
    width: 100%;
    min-height: 48px;
    padding: 4px 16px;
    color: inherit;
    text-decoration: none;
  }
  dialog li > :is(button, a):focus-visible {
    outline-offset: -2px;
  }
  dialog li > :hover {
    background: var(--nissanconnect-soft);
  }
  dialog li span {
    flex: 1;
  }
  dialog li small {
    color: var(--secondary-text-color);
    font-size: inherit;
  }
  dialog li :is(ha-icon, ha-state-icon) {
    color: var(--state-icon-color);
  }
  dialog dl {
    display: grid;
    grid-template-columns: 1fr auto;
    gap: 4px 16px;
    margin-top: 8px;
    padding: 12px 16px;
    border-top: 1px solid var(--divider-color);
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 16px;
  }
`;

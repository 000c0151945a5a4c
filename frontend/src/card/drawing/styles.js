/** The colours and the motion of the drawing, made of Home Assistant's own colours. */
import { css } from "lit";

export const drawingStyles = css`
  .car {
    display: block;
    width: 100%;
    overflow: visible;
  }
  .car .base {
    fill: var(--nissanconnect-soft);
    filter: drop-shadow(0 3px 5px rgba(0, 0, 0, 0.13));
  }
  .car .line,
  .car .part {
    fill: none;
    stroke: var(--nissanconnect-line);
    stroke-width: 1.5;
    stroke-linejoin: round;
    stroke-linecap: round;
  }
  .car .line.body {
    stroke: var(--nissanconnect-outline);
    stroke-width: 2.5;
  }
  .car .line.fine {
    stroke-width: 1;
    opacity: 0.6;
  }
  .car .roof {
    fill: color-mix(in srgb, var(--card-background-color) 55%, transparent);
  }
  .car .glass {
    fill: var(--nissanconnect-glass);
    stroke: var(--nissanconnect-line);
    stroke-width: 1.2;
    stroke-linejoin: round;
  }
  .car.heat .glass {
    fill: color-mix(in srgb, var(--amber-color) 62%, var(--card-background-color));
  }
  .car.cool .glass {
    fill: color-mix(in srgb, var(--blue-color) 48%, var(--card-background-color));
  }
  .car .rail {
    fill: none;
    stroke: var(--nissanconnect-outline);
    stroke-width: 3;
    stroke-linecap: round;
  }
  .car .tyre,
  .car .mirror {
    fill: var(--nissanconnect-tyre);
  }
  .car .tyre.low {
    fill: var(--nissanconnect-low);
  }
  .car .tyre.top {
    stroke: var(--card-background-color);
    stroke-width: 3;
  }
  .car .lamp,
  .car .tail {
    fill: var(--card-background-color);
    stroke: var(--nissanconnect-line);
    stroke-width: 1.2;
  }
  .car .tail {
    fill: color-mix(in srgb, var(--red-color) 35%, var(--card-background-color));
  }
  .car .lamp.lit {
    fill: var(--amber-color);
  }
  .car .fill {
    transition: transform var(--ha-animation-duration-slow, 350ms) ease;
  }
  .car .fill.ok {
    fill: var(--nissanconnect-level-fill);
  }
  .car .fill.low {
    fill: var(--nissanconnect-low-fill);
  }
  .car .fill.fuel {
    fill: var(--nissanconnect-fuel-fill);
  }
  .car .edge {
    fill: none;
    stroke: var(--nissanconnect-level);
    stroke-width: 3;
  }
  .car .edge.low {
    stroke: var(--nissanconnect-low);
  }
  .car .edge.fuel {
    stroke: var(--nissanconnect-fuel);
  }
  .car .stripe {
    fill: var(--nissanconnect-level);
    opacity: 0.34;
  }
  .car .from {
    stop-color: var(--nissanconnect-level);
    stop-opacity: 0;
  }
  .car .to {
    stop-color: var(--nissanconnect-level);
    stop-opacity: 0.5;
  }
  .car .cable {
    fill: none;
    stroke: var(--nissanconnect-outline);
    stroke-width: 5;
    stroke-linecap: round;
  }
  .car .flow {
    fill: none;
    stroke: var(--nissanconnect-level);
    stroke-width: 3;
    stroke-dasharray: 2 12;
    stroke-linecap: round;
  }
  .car .port {
    fill: var(--nissanconnect-line);
  }
  .car .port.on {
    fill: var(--nissanconnect-level);
  }
  .car .mark {
    fill: none;
    stroke: var(--primary-text-color);
    stroke-width: 1.5;
  }
  .car .mark.limit {
    stroke: var(--secondary-text-color);
    stroke-dasharray: 3 4;
  }
  .car .flag {
    fill: var(--primary-text-color);
  }
  .car path.leaf,
  .car .leaf path {
    fill: var(--nissanconnect-open);
    stroke: var(--card-background-color);
    stroke-width: 2;
  }
  .car .leaf .pane {
    stroke-width: 3;
    stroke-linecap: round;
    opacity: 0.85;
  }
  .car .swept {
    fill: var(--nissanconnect-open);
    opacity: 0.16;
  }
  .car .sill {
    stroke: var(--nissanconnect-open);
    stroke-width: 5;
    stroke-linecap: round;
    opacity: 0.9;
  }
  .car .part.open,
  .car .glass.open.open {
    fill: var(--nissanconnect-open-fill);
    stroke: var(--nissanconnect-open);
    stroke-width: 2.5;
  }
  .car .num {
    font-family: var(--ha-font-family-body);
    font-size: 54px;
    font-weight: var(--ha-font-weight-normal, 400);
    letter-spacing: -1px;
    fill: var(--primary-text-color);
    paint-order: stroke;
    stroke: var(--card-background-color);
    stroke-opacity: 0.6;
    stroke-width: 5px;
    stroke-linejoin: round;
  }
  .car .num .percent {
    font-size: 26px;
    letter-spacing: 0;
  }
  .car .num.big {
    font-size: 72px;
  }
  .car .num.big .percent {
    font-size: 36px;
  }
  .car .sub {
    font-family: var(--ha-font-family-body);
    font-size: 17px;
    fill: var(--secondary-text-color);
  }
  .car.stale .fill {
    opacity: 0.35;
  }
  .car.stale .edge {
    stroke: var(--nissanconnect-outline);
    stroke-dasharray: 5 5;
  }
  .car.stale .num {
    fill: var(--secondary-text-color);
  }
  @media (prefers-reduced-motion: no-preference) {
    .car .flow {
      animation: flow 1.6s linear infinite;
    }
    .car .glow {
      animation: glow 2.4s linear infinite;
    }
  }
  @keyframes flow {
    to {
      stroke-dashoffset: -56;
    }
  }
  @keyframes glow {
    50% {
      opacity: 0.45;
    }
  }
  @media (forced-colors: active) {
    .car .line,
    .car .mark,
    .car .edge,
    .car .part {
      stroke: CanvasText;
    }
    .car .glass.open,
    .car .part.open,
    .car .leaf path {
      stroke: Highlight;
      stroke-width: 4;
    }
  }
`;

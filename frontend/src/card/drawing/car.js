/** The vehicle as a gauge: filled from rear to nose, with what is open swung out of it. */
import { nothing, svg } from "lit";
import { BODIES, DOORS, position, VIEW, WHEELS } from "./bodies.js";

/** What a right-to-left page sees is turned by half, never mirrored: left doors stay left. */
const MIDDLE = VIEW[0] + VIEW[2] / 2;

/**
 * Returns the drawing.
 *
 * `model` is what `describe` returns; `label` the whole of it as a sentence, or nothing where
 * something beside it says that; `level` the figure on the roof and `sub`
 * what stands below it, both as texts. `rtl` turns the vehicle, `plain` leaves out the figure and the marks.
 */
export function car(model, { label, level = "", sub = "", rtl = false, plain = false, big = false }) {
  const body = BODIES[model.body];
  const stale = model.age.old || !model.connected;
  const charging = model.plug.charging === true && !stale;
  const glass = model.climate.running && !stale ? (model.climate.cooling ? "cool" : "heat") : "";
  const at = (x) => (rtl ? 2 * MIDDLE - x : x);
  const middle = at((body.from + body.to) / 2);
  const turned = rtl ? `rotate(180 ${MIDDLE} 0)` : nothing;
  return svg`<svg class="car ${stale ? "stale" : ""} ${charging ? "charging" : ""} ${glass}"
      viewBox=${VIEW.join(" ")} role="img" aria-label=${label || nothing} aria-hidden=${label ? nothing : "true"}>
    ${definitions(body)}
    <g transform=${turned}>
      ${cable(model, stale, charging)}
      ${Object.entries(WHEELS).map(([tyre, [x, y]]) => wheel(model, tyre, x, y))}
      <path class="base" d=${body.outline} />
      <g clip-path="url(#body)">${filling(model, charging)}</g>
      ${lines(model, body)}
      ${plain ? nothing : svg`<g clip-path="url(#body)">${edge(model, body)}</g>`}
      ${Object.entries(WHEELS).map(([tyre, [x, y]]) => (isLow(model, tyre) ? wheel(model, tyre, x, y, "top") : nothing))}
    </g>
    ${plain ? nothing : figure(middle, level, sub, big)}
    ${plain ? nothing : marks(model, at, rtl)}
  </svg>`;
}

function definitions(body) {
  return svg`<defs>
    <clipPath id="body"><path d=${body.outline} /></clipPath>
    <pattern id="stripes" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(35)">
      <rect class="stripe" width="3.4" height="9" />
    </pattern>
    <linearGradient id="glow" x1="0" x2="1"><stop class="from" offset="0" /><stop class="to" offset="1" /></linearGradient>
  </defs>`;
}

/** Which colour the level has. */
export function tone(model) {
  return model.low ? "low" : model.kind === "combustion" ? "fuel" : "ok";
}

function filling(model, charging) {
  if (model.level === null) {
    return nothing;
  }
  const x = position(model.level);
  const target = model.plan?.active && model.plug.plugged !== false ? model.plan.target : null;
  const until = target !== null && target > model.level ? position(target) : null;
  // A rectangle of fixed width that is moved: its transform can be animated, its width cannot everywhere.
  return svg`
    <rect class="fill ${tone(model)}" x="-480" y="-110" width="480" height="220" style="transform:translateX(${x}px)" />
    ${until === null ? nothing : svg`<rect x=${x} y="-110" width=${until - x} height="220" fill="url(#stripes)" />`}
    ${charging ? svg`<rect class="glow" x=${x - 60} y="-110" width="60" height="220" fill="url(#glow)" />` : nothing}`;
}

/** The edge of the level; not over the roof, where the figure stands. */
function edge(model, body) {
  if (model.level === null || model.level <= 0) {
    return nothing;
  }
  const x = position(model.level);
  const over = x > body.from - 6 && x < body.to + 6;
  const path = over ? `M${x},-110 V-56 M${x},56 V110` : `M${x},-110 V110`;
  return svg`<path class="edge ${tone(model)}" d=${path} />`;
}

function cable(model, stale, charging) {
  if (model.kind === "combustion" || model.plug.plugged !== true || stale) {
    return nothing;
  }
  const path = "M432,0 C458,0 450,24 474,24 L520,24";
  const back = "M520,24 L474,24 C450,24 458,0 432,0";
  return svg`<path class="cable" d=${path} />${charging ? svg`<path class="flow" d=${back} />` : nothing}`;
}

function isLow(model, tyre) {
  return model.tyres.tyres.some((each) => each.tyre === tyre && each.low);
}

function wheel(model, tyre, x, y, more = "") {
  const low = isLow(model, tyre);
  return svg`<rect class="tyre ${low ? "low" : ""} ${more}" x=${x} y=${y} width="64" height="24" rx="8" />`;
}

function lines(model, body) {
  const open = (part) => (model.parts[part].open ? "open" : "");
  const port = model.kind === "combustion" ? "M56,80 h16 v8 h-16 Z" : "M424,-8 h9 q3,0 3,8 q0,8 -3,8 h-9 Z";
  return svg`
    <path class="part ${open("bonnet")}" d=${body.bonnet} />
    <path class="line fine" d=${body.bonnetLines} />
    <path class="part ${open("hatch")}" d=${body.hatch} />
    <path class="glass" d=${body.rear} />
    <path class="glass" d=${body.windscreen} />
    <path class="line roof" d=${body.roof} />
    ${model.parts.sunroof.has ? sunroof(body, open("sunroof")) : nothing}
    ${body.rails ? svg`<path class="rail" d=${body.rails} />` : nothing}
    <g>${side(model, body, "left")}</g>
    <g transform="scale(1,-1)">${side(model, body, "right")}</g>
    <path class="line body" d=${body.outline} />
    ${model.parts.hatch.open ? svg`<path class="leaf" d="M14,-62 Q-9,-60 -9,0 Q-9,60 14,62 Q2,0 14,-62 Z" />` : nothing}
    <path class="line fine" d=${body.fin} />
    <path class="port ${model.plug.plugged ? "on" : ""}" d=${port} />`;
}

function sunroof(body, open) {
  const [from, to] = [body.to - 48, body.to - 14];
  return svg`<path class="part ${open}" d="M${from},-38 L${to},-38 Q${to + 7},0 ${to},38 L${from},38 Z" />`;
}

function side(model, body, name) {
  const open = (part) => model.parts[`${part}_${name}`].open;
  return svg`
    ${["front", "rear"].map(
      (row, index) => svg`<path class="glass ${open(`window_${row}`) ? "open" : ""}" d=${body.windows[index]} />`,
    )}
    <path class="line" d="M185,-88 L185,-60 M306,-73 L312,-87 M96,-72 Q92,-80 96,-88" />
    <path class="line fine" d="M96,-74 L306,-75" />
    <path class="line fine" d="M250,-81 h16 M148,-81 h16" />
    <path class="mirror" d="M297,-86 q-4,-15 6,-18 q8,-1 9,5 q1,7 -5,13 Z" />
    <path class="lamp ${model.lamp ? "lit" : ""}" d=${body.lamp} />
    <path class="tail" d=${body.tail} />
    ${["front", "rear"].map((row) => (open(`door_${row}`) ? door(DOORS[row]) : nothing))}`;
}

function door({ hinge, leaf, pane, sill, swept }) {
  return svg`
    <path class="swept" d=${swept} />
    <path class="sill" d=${sill} />
    <g class="leaf" transform=${`rotate(21 ${hinge.join(" ")})`}><path d=${leaf} /><path class="pane" d=${pane} /></g>`;
}

function figure(x, level, sub, big) {
  const y = (big ? 26 : 19) - (sub ? 8 : 0);
  return svg`
    <text class="num ${big ? "big" : ""}" x=${x} y=${y} text-anchor="middle" direction="ltr">${level}${
      level === "–" ? nothing : svg`<tspan class="percent" dx="5">%</tspan>`
    }</text>
    ${sub ? svg`<text class="sub" x=${x} y=${y + 24} text-anchor="middle">${sub}</text>` : nothing}`;
}

function marks(model, at, rtl) {
  const target = model.plan?.target ?? null;
  const flag = rtl ? "h-15 l4,5.5 l-4,5.5 h15 Z" : "h15 l-4,5.5 l4,5.5 h-15 Z";
  return svg`
    ${target === null ? nothing : svg`
      <path class="mark" d="M${at(position(target))},-98 V106" />
      <path class="flag" d="M${at(position(target))},-106 ${flag}" />`}
    ${model.limit === null ? nothing : svg`<path class="mark limit" d="M${at(position(model.limit))},-98 V106" />`}`;
}

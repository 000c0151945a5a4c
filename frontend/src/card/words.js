/** Times, ages and numbers in the owner's own format, and texts with them. */
import { text } from "../texts/index.js";

const DAY = 86_400;

/** Keeps what has its own direction, such as a number with its unit, apart from the text around it. */
export function isolated(value) {
  return `\u2068${value}\u2069`;
}

/** Returns a text with its placeholders, each of which keeps its own direction. */
export function say(hass, name, placeholders = {}) {
  const apart = Object.entries(placeholders).map(([key, value]) => [key, isolated(value)]);
  return text(hass, name, Object.fromEntries(apart));
}

function languageOf(hass) {
  return hass.locale?.language ?? hass.language ?? "en";
}

function zoneOf(hass) {
  return hass.locale?.time_zone === "server" ? hass.config?.time_zone : undefined;
}

/** The owner's choice of 12 or 24 hours; `undefined` leaves it to the language. */
function cycle(hass) {
  return { 12: "h12", 24: "h23" }[hass.locale?.time_format];
}

function timeStyle(hass) {
  return { hour: cycle(hass) === "h23" ? "2-digit" : "numeric", minute: "2-digit", hourCycle: cycle(hass) };
}

function format(hass, date, options) {
  const language = hass.locale?.time_format === "system" && options.hour ? undefined : languageOf(hass);
  return new Intl.DateTimeFormat(language, { timeZone: zoneOf(hass), ...options }).format(date);
}

/** Returns the time of day. */
export function clock(hass, date) {
  return format(hass, date, timeStyle(hass));
}

/** Returns a time of day such as `07:00:00`, as a time entity has it. */
export function clockOf(hass, value) {
  const [hours, minutes] = value.split(":").map(Number);
  const style = { ...timeStyle(hass), timeZone: "UTC" };
  return new Intl.DateTimeFormat(languageOf(hass), style).format(Date.UTC(2026, 0, 1, hours, minutes));
}

/** Returns a moment: today its time, in the days around it its day of the week, else its date. */
export function moment(hass, date, now) {
  const day = (each) => format(hass, each, { year: "numeric", month: "numeric", day: "numeric" });
  const time = clock(hass, date);
  if (day(date) === day(now)) {
    return time;
  }
  if (day(date) === day(new Date(now - DAY * 1000))) {
    return say(hass, "card_yesterday", { time });
  }
  const near = Math.abs(now - date) / 1000 < 6 * DAY;
  const named = format(hass, date, near ? { weekday: "short" } : { day: "numeric", month: "short" });
  return `${named} ${time}`;
}

/** Returns how long ago something was, for example "2 min. ago". */
export function ago(hass, seconds) {
  const [unit, length] = unitOf(seconds);
  if (unit === "second") {
    return text(hass, "card_just_now");
  }
  const style = { style: "short", numeric: "always" };
  return new Intl.RelativeTimeFormat(languageOf(hass), style).format(-Math.floor(seconds / length), unit);
}

/** Returns how long something took or takes, in its largest unit. */
export function duration(hass, seconds) {
  const [unit, length] = unitOf(seconds);
  const style = { style: "unit", unit, unitDisplay: "short" };
  return new Intl.NumberFormat(languageOf(hass), style).format(Math.floor(seconds / length));
}

function unitOf(seconds) {
  return seconds < 60 ? ["second", 1] : seconds < 3600 ? ["minute", 60] : seconds < 2 * DAY ? ["hour", 3600] : ["day", DAY];
}

/** Returns a share such as "80 %". */
export function percent(hass, value) {
  return new Intl.NumberFormat(languageOf(hass), { style: "percent" }).format(Math.round(value) / 100);
}

/** Returns a figure of its own. */
export function figure(hass, value) {
  return new Intl.NumberFormat(languageOf(hass), { maximumFractionDigits: 0 }).format(value);
}

/** Returns a list, "a, b and c". */
export function list(hass, items) {
  return new Intl.ListFormat(languageOf(hass), { style: "short", type: "unit" }).format(items);
}

/** Returns `{value, unit}` of a state, as Home Assistant formats it. */
export function valueOf(hass, state) {
  const parts = hass.formatEntityStateToParts?.(state);
  if (!parts) {
    return { value: hass.formatEntityState(state), unit: "" };
  }
  const of = (type) => parts.filter((part) => part.type === type).map((part) => part.value).join("");
  return { value: of("value"), unit: of("unit") };
}

/** Whether the page reads from right to left. */
export function isRightToLeft(hass) {
  return Boolean(hass.translationMetadata?.translations?.[hass.language]?.isRTL);
}

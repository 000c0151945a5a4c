/**
 * The cards of which the views are made: Home Assistant's own, as data.
 *
 * Our names, such as `sensor.range`, stand for entities until `present` has put the ids of a vehicle in their place.
 */

/** An entity's own name, without that of its vehicle, which stands above it. */
export const OWN_NAME = { type: "entity" };

const VEHICLE_NAME = { type: "device" };

/** As wide as its section. */
export const WHOLE_WIDTH = { columns: "full" };

/** The name of an entity where several vehicles stand side by side. */
export const FULL_NAME = [VEHICLE_NAME, OWN_NAME];

/** Home Assistant's own border between phones and wider screens. */
export const PHONE = [{ condition: "screen", media_query: "(max-width: 600px)" }];
export const WIDER = [{ condition: "screen", media_query: "(min-width: 601px)" }];

const SIZES = {
  full: { size: "full", grid_options: WHOLE_WIDTH },
  medium: { size: "medium", grid_options: { columns: 12 } },
  glance: { size: "glance", grid_options: { columns: 12, rows: 2 } },
};

/** The card of a vehicle, wherever it stands: `full`, `medium`, or at a `glance`. */
export function vehicleCard(vehicle, size) {
  return { type: "custom:nissanconnect-vehicle-card", device: vehicle.id, ...SIZES[size] };
}

/** A tile; one with features, that is with something to operate or to measure, takes the whole width. */
export function tile(entity, features = [], options = {}) {
  const wide = features.length ? { features: features.map((type) => ({ type })), grid_options: WHOLE_WIDTH } : {};
  return { type: "tile", entity, name: OWN_NAME, ...wide, ...options };
}

/** A button; its state would be the time of the last press. */
export function button(entity) {
  return tile(entity, [], { hide_state: true, tap_action: { action: "toggle" } });
}

/** A button that asks first: it is heard in the street, burns fuel or takes energy from the 12 V battery. */
export function carefulButton(entity, question) {
  const press = { action: "toggle", confirmation: { text: question } };
  return { ...button(entity), tap_action: press, icon_tap_action: press };
}

/** A line of a list. */
export function row(entity) {
  return { entity, name: OWN_NAME };
}

/** A card that is only there while somebody knows the value. */
export function whenKnown(card) {
  return unless(card, "unknown", "unavailable");
}

/** A card that goes with its entity: to a dashboard, an entity that does not exist is unavailable. */
export function whenThere(card) {
  return unless(card, "unavailable");
}

/** A card that is only there while its entity is in this state. */
export function onlyWhile(card, state) {
  return { ...card, visibility: [{ condition: "state", entity: card.entity, state }] };
}

function unless(card, ...states) {
  return { ...card, visibility: [{ condition: "state", entity: card.entity, state_not: states }] };
}

/** A badge at the top of a view; `named` where it is not clear which vehicle it belongs to. */
export function badge(entity, named = false) {
  return { type: "entity", entity, ...(named ? { show_name: true, name: FULL_NAME } : {}) };
}

/** Bars for each of the last two weeks' days, of `[statistic, name]` each. */
export function byDay(title, named) {
  return {
    type: "statistics-graph",
    title,
    chart_type: "bar",
    period: "day",
    days_to_show: 14,
    stat_types: ["change"],
    hide_legend: named.length === 1,
    entities: named.map(([entity, name]) => ({ entity, name })),
    grid_options: WHOLE_WIDTH,
  };
}

/** A map of markers. */
export function map(entities, options) {
  return { type: "map", entities, default_zoom: 14, theme_mode: "auto", grid_options: { columns: "full", ...options } };
}

/** A vehicle on a map. */
export const MARKER = { entity: "device_tracker.location", label_mode: "icon" };

/** The heading of a section. */
export function heading(text, icon, options = {}) {
  return { type: "heading", heading: text, icon, ...options };
}

/**
 * Puts ids in place of our names: `find` returns those of a name. What has no entity is left out, and so is a list or
 * a map of nothing; a name of several entities, such as those of geofences, makes a card for each.
 */
export function present(find, templates) {
  return templates.flatMap((template) => {
    const ids = template.entity ? find(template.entity) : [undefined];
    return ids.flatMap((id) => bound(find, template, id));
  });
}

function bound(find, template, id) {
  const card = { ...template };
  if (id) {
    card.entity = id;
  }
  if (id && template.visibility) {
    card.visibility = template.visibility.map((each) => (each.entity ? { ...each, entity: id } : each));
  }
  if (template.entities) {
    card.entities = present(find, template.entities);
  }
  return card.entities?.length === 0 ? [] : [card];
}

/** A section under a heading, unless it is empty. */
export function section(head, cards, options = {}) {
  return cards.length ? [{ type: "grid", cards: [head, ...cards], ...options }] : [];
}

/** A view that says in a friendly way that there is nothing to show, and to those who may what to do. */
export function emptyView(t, hass) {
  const add = {
    text: t("empty_button"),
    appearance: "filled",
    variant: "brand",
    tap_action: { action: "navigate", navigation_path: "/config/integrations/integration/nissanconnect" },
  };
  const card = {
    type: "empty-state",
    icon: "mdi:car-electric",
    content_only: true,
    title: t("empty_title"),
    content: t(hass.user?.is_admin ? "empty_admin" : "empty_user"),
    ...(hass.user?.is_admin ? { buttons: [add] } : {}),
  };
  return { type: "panel", cards: [card] };
}

/** What about a vehicle needs its owner: the red first, then the orange. */

/** For how long a command that failed is worth a box, in hours. */
const REMEMBERED = 24;

/** The 12 V battery needs its owner below this, in volts. */
const LOW_VOLTAGE = 12;

/**
 * Returns what needs the owner, the worst first: `{kind, tone: "bad" | "warn", …}` with what the words need.
 */
export function attention(model) {
  return [...red(model), ...orange(model)];
}

function* red(model) {
  if (!model.connected) {
    return;
  }
  if (model.lock.locked === false && !model.lock.assumed) {
    yield { kind: "unlocked", tone: "bad", since: model.lock.since, open: model.open };
  } else if (model.open.length > 0) {
    yield { kind: "open", tone: "bad", open: model.open };
  }
  const command = recent(model.command);
  if (command && (command.outcome === "rejected" || command.outcome === "blocked") && command.reason !== "superseded") {
    yield { kind: "refused", tone: "bad", command };
  }
}

function* orange(model) {
  if (!model.connected) {
    yield { kind: "not_connected", tone: "warn" };
    return;
  }
  if (model.age.old) {
    yield { kind: model.reachable === false ? "not_reachable" : "silent", tone: "warn", since: model.age.at };
  }
  if (model.tyres.warned || model.tyres.tyres.some((each) => each.low)) {
    yield { kind: "tyre", tone: "warn", tyres: model.tyres.tyres };
  }
  if (model.lamp) {
    yield { kind: "lamp", tone: "warn" };
  }
  const command = recent(model.command);
  if (command?.outcome === "timed_out") {
    yield { kind: "no_answer", tone: "warn", command };
  }
  if (model.plug.status === "error") {
    yield { kind: "charging_error", tone: "warn" };
  }
  if (model.plan?.failure) {
    yield { kind: "plan_failed", tone: "warn", failure: model.plan.failure };
  } else if (model.plan?.status === "too_late") {
    yield { kind: "too_late", tone: "warn" };
  }
  if (model.low && model.level !== null && !model.plug.charging) {
    yield { kind: model.kind === "combustion" ? "fuel_low" : "battery_low", tone: "warn", plugged: model.plug.plugged };
  } else if (model.low && model.level === null) {
    yield { kind: "fuel_low", tone: "warn", plugged: null };
  }
  if (model.auxVoltage !== null && model.auxVoltage < LOW_VOLTAGE) {
    yield { kind: "aux_low", tone: "warn" };
  }
  if (model.subscription === "inactive") {
    yield { kind: "subscription", tone: "warn" };
  }
}

function recent(command) {
  return command !== null && command.hours < REMEMBERED ? command : null;
}

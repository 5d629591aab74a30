/** A telling in beats: what is shown at one step of the player, and how its cluster stands then. */

import { texts } from "viewer/texts.js";

/** @import {Item, Part} from "page/types.js" */
/** @import {Drawn} from "page/drawing.js" */
/**
 * `texts` say what is done, and what has happened; `left_out` are its requests that nobody was told.
 * @typedef {{kind: Item["kind"], texts: string[], items: Item[], claim: Item | null, line: number,
 *   cluster: string, left_out: number}} Beat
 */

/** @param {Item[]} items @returns {Beat[]} */
export function beats(items) {
  /** @type {Beat[]} */
  const found = [];
  /** @type {Item | undefined} */
  let before;
  for (const item of items) {
    let last = found[found.length - 1];
    if (last && item.left_out) last.left_out += item.left_out;
    if (!last || begins(item, last, before)) {
      last = { kind: item.kind, texts: [], items: [], claim: item.kind === "claim" ? item : null, line: item.line || last?.line || 0, cluster: item.cluster || last?.cluster || "", left_out: 0 };
      found.push(last);
    }
    last.items.push(item);
    if (item.kind !== "request") {
      before = item;
      if (item.text) last.texts.push(item.text);
    }
  }
  return found;
}

/**
 * Steps of one line of the script are one beat, as are those of one moment, which have none, and a
 * step with what has come of it.
 * @param {Item} item
 * @param {Beat} last
 * @param {Item | undefined} before the last one that is no request
 */
function begins(item, last, before) {
  if (item.kind === "request") return false;
  if (item.kind === "event") return before?.kind !== "step";
  if (item.kind === "note") return before?.kind !== "note";
  if (item.kind !== "step" || before?.kind !== "step" || item.cluster !== last.cluster) return true;
  return Boolean(item.line) && item.line !== before.line;
}

/**
 * A cluster as it stands after these beats; null before it is there.
 * @param {Beat[]} past
 * @param {string} cluster
 * @returns {Drawn | null}
 */
export function clusterAfter(past, cluster) {
  return past.filter((beat) => beat.cluster === cluster).flatMap((beat) => beat.items).reduce(after, /** @type {Drawn | null} */ (null));
}

/** @param {string} name @param {string} kind @returns {Part} */
const part = (name, kind) => ({ name, kind, address: "", state: "running", pid: null, seen: "", how: "", version: "", sessions: null, requests: 0 });

/**
 * The cluster after one item more.
 * @param {Drawn | null} drawn
 * @param {Item} item
 * @returns {Drawn | null}
 */
export function after(drawn, item) {
  if (item.kind === "cluster") {
    const { strategy = "", affinity = "none", algorithm = "", balancer = "", redis = "" } = item.settings ?? {};
    const parts = (item.nodes ?? []).map((name) => part(name, "node"));
    if (balancer) parts.unshift(part("balancer", "balancer"));
    if (redis) parts.push(part("redis", "redis"));
    return { strategy, affinity, algorithm, balancer, parts, users: [] };
  }
  if (!drawn) return drawn;
  if (item.kind === "event") return { ...drawn, parts: changed(drawn.parts, item) };
  if (item.kind !== "request") return drawn;
  const name = asker(item), { users = [] } = drawn;
  return {
    ...drawn, users: users.includes(name) ? users : [...users, name],
    parts: drawn.parts.map((one) => (one.name === item.node ? { ...one, requests: one.requests + 1 } : one)),
  };
}

/** Which client it is. @param {Item} item */
export const asker = ({ user = "", tab = 0 }) => texts.named(user, tab);

const STATES = /** @type {Record<string, Partial<Part>>} */ ({
  killed: { state: "ended", how: "by SIGKILL" }, stopped: { state: "ended" }, ended: { state: "ended" }, overdue: { state: "ended" },
  started: { state: "running", how: "", seen: "" }, restarted: { state: "running" }, paused: { state: "frozen" }, resumed: { state: "running" }, draining: { seen: "drain" },
});

/** @param {Part[]} parts @param {Item} event @returns {Part[]} */
function changed(parts, { event = "", part: name = "", nodes = [] }) {
  const [noun, verb] = event.split("."), whose = name || noun;
  const kept = parts.filter((one) => one.kind !== "node" || nodes.includes(one.name));
  const came = nodes.filter((node) => !kept.some((one) => one.name === node)).map((node) => part(node, "node"));
  const place = kept.findIndex((one) => one.kind === "redis");
  kept.splice(place < 0 ? kept.length : place, 0, ...came);
  return kept.map((one) => (one.name === whose && STATES[verb] ? { ...one, ...STATES[verb] } : one));
}

/**
 * What came of a beat's requests, the same ones together: `GET /me 401 ×4`.
 * @param {Item[]} items
 * @returns {{request: string, status: number | null, how: string, count: number}[]}
 */
export function cameOf(items) {
  /** @type {Map<string, {request: string, status: number | null, how: string, count: number}>} */
  const found = new Map();
  for (const { kind, request = "", status = null, how = "ok" } of items) {
    if (kind !== "request") continue;
    const key = `${request} ${status} ${how}`, same = found.get(key) ?? { request, status, how, count: 0 };
    found.set(key, { ...same, count: same.count + 1 });
  }
  return [...found.values()];
}

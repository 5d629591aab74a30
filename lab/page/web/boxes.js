/** The boxes of a cluster, from the balancer to the store, each with one sentence on what it is. */

import { html } from "viewer/dom.js";
import { chip } from "viewer/palette.js";
import { number } from "viewer/scale.js";
import { button } from "page/controls.js";
import { says as plainly } from "page/glossary.js";
import { texts } from "page/texts.js";

/** @import {Child} from "viewer/dom.js" */
/** @import {Part} from "page/types.js" */
/** @import {Drawn} from "page/drawing.js" */

const words = texts.drawing;
const PIPS = 16, SHOWN = 3, CROWDED = 8;

/** @param {Part} part @param {number} place the colour of a node is its number's, whoever left meanwhile; a container's name ends in no number */
export const colour = (part, place) => Number(/^\D*(\d{1,3})$/.exec(part.name)?.[1] ?? place + 1) - 1;

/**
 * @param {string} title
 * @param {string} says
 * @param {string} name
 * @param {Child[]} children
 */
const column = (title, says, name, ...children) => html("div", { class: `column ${name}`, "data-key": name },
  html("h3", {}, title), plainly(says), ...children);

/** @param {Drawn} cluster @param {boolean} acts */
export function columns(cluster, acts) {
  const nodes = cluster.parts.filter((part) => part.kind === "node");
  const balancer = cluster.parts.find((part) => part.kind === "balancer"), store = cluster.parts.find((part) => part.kind === "redis");
  const most = Math.max(1, ...nodes.map((node) => node.requests));
  return [
    (balancer || cluster.balancer !== "") && column(words.balancer, words.balancerIs(cluster.algorithm, cluster.affinity), "balancing", balancerBox(cluster, balancer, acts)),
    column(words.nodes(nodes.length), words.nodesAre(cluster.strategy), nodes.length > CROWDED ? "nodes-here many" : "nodes-here",
      html("ul", { "aria-label": words.nodes(nodes.length) }, ...nodes.map((node, place) => nodeBox(node, colour(node, place), most, acts))), acts && whole(cluster)),
    store && column(words.store, words.storeIs, "storing", storeBox(cluster, store, acts)),
  ];
}

/** What is done to no part of it: another node, another version. @param {Drawn} cluster */
function whole({ actions = [] }) {
  return html("div", { class: "whole" }, ...actions.filter(({ takes_part, options }) => !takes_part || options.length > 0).map(({ do: name, does, options, why_not, by_hand }) => {
    const said = words.does[name] ?? name, way = (/** @type {string} */ label, option = "") => button("whole", label, { "data-of": name, "data-option": option, "data-key": `${name} ${option}`, title: does, "aria-label": option && `${said} ${option}`, why: why_not });
    return html("div", { class: "buttons", "data-key": name }, ...(options.length ? [html("span", {}, said), ...options.map((option) => way(option, option))] : [way(said)]), byHand(by_hand[""]));
  }));
}

/** The command that does it where the page cannot. @param {string} [command] */
export const byHand = (command) => command && html("p", { class: "by-hand" }, `${words.byHand} `, html("code", {}, command));

/** The name: a button where something can be done to it. @param {string} part @param {string} name @param {boolean} acts */
const named = (part, name, acts) => (acts
  ? html("button", { class: "part-name", "data-do": "part", "data-of": part, "aria-haspopup": "dialog" }, name, html("span", { class: "hidden" }, words.open))
  : html("strong", { class: "part-name" }, name));

/** Its condition: a word, and a shape that says the same. @param {Part} part */
function condition(part) {
  const kind = part.state === "ended" ? "gone" : part.state === "frozen" ? "frozen" : ["up", "", "running"].includes(part.seen) ? "up" : part.seen.startsWith("drain") ? "drain" : "down";
  const said = part.state === "ended" ? (words.ended(part.how)) : kind === "up" ? words.up : words.seen[part.seen] ?? (part.state === "frozen" ? words.frozen : part.seen);
  return { kind, said: html("span", { class: `condition ${kind}` }, said) };
}

/** @param {Part} node @param {number} index @param {number} most @param {boolean} acts */
function nodeBox(node, index, most, acts) {
  const { kind, said } = condition(node), sessions = node.sessions ?? 0;
  return html("li", { class: `part node ${kind}`, "data-key": node.name, "data-part": node.name },
    html("div", { class: "part-head" }, chip(`node-${index}`), named(node.name, node.name, acts), node.version && html("span", { class: "version" }, words.version(node.version)), said),
    node.sessions !== null && html("p", { class: "sessions" }, html("span", { class: "pips", "aria-hidden": "true" }, ...Array.from({ length: Math.min(sessions, PIPS) }, () => html("i", {}))), words.sessions(sessions)),
    html("p", { class: "asked" }, html("meter", { min: 0, max: most, value: node.requests, "aria-hidden": "true" }), words.requests(number(node.requests, 6))));
}

/** @param {Drawn} cluster @param {Part | undefined} part @param {boolean} acts */
function balancerBox({ balancing, algorithm, affinity, balancer }, part, acts) {
  const { kind, said } = part ? condition(part) : { kind: "up", said: null };
  const tied = balancing && balancing.pins_total > 0;
  return html("div", { class: `part ${kind}`, "data-key": "balancer", "data-part": "balancer" },
    html("div", { class: "part-head" }, named("balancer", part?.name ?? words.balancer, acts && Boolean(part)), said),
    html("dl", {},
      html("dt", {}, words.algorithm), html("dd", {}, algorithm || balancer || "–"),
      html("dt", {}, words.affinity), html("dd", {}, affinity && affinity !== "none" ? affinity : words.noAffinity),
      balancing && (balancing.next || balancing.next_why) && html("dt", {}, words.next), balancing && (balancing.next || balancing.next_why) && html("dd", { class: "next-node" }, balancing.next ? `→ ${balancing.next}` : "", html("small", {}, balancing.next_why))),
    balancing && tied && balancing.pins.length === 0 && html("p", { class: "faint" }, words.pinned(balancing.pins_total)),
    balancing && tied && balancing.pins.length > 0 && html("ul", { class: "pins", "aria-label": words.pinned(balancing.pins_total) },
      ...balancing.pins.slice(0, SHOWN).map((pin) => html("li", { title: pin.why }, html("code", {}, pin.key), ` → ${pin.node}`)),
      balancing.pins_total > SHOWN && html("li", {}, words.more(balancing.pins_total - Math.min(SHOWN, balancing.pins.length)))));
}

/** @param {Drawn} cluster @param {Part} part @param {boolean} acts */
function storeBox({ store }, part, acts) {
  const { kind, said } = condition(part);
  return html("div", { class: `part ${kind}`, "data-key": "redis", "data-part": "redis" },
    html("div", { class: "part-head" }, named("redis", part.name === "redis" ? "Redis" : part.name, acts), said),
    store && (store.why ? html("p", {}, store.why) : html("p", { class: "sessions" }, words.keys(store.total))),
    store && store.keys.length > 0 && html("ul", { class: "pins" }, ...store.keys.slice(0, SHOWN).map((each) => html("li", { title: each.says }, html("code", {}, each.name), html("small", {}, each.says))),
      store.total > SHOWN && html("li", {}, words.more(store.total - Math.min(SHOWN, store.keys.length)))));
}

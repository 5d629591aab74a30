/** The cluster as it stood: clients, balancer, nodes with what befell each of them, store. */

import { html, svg } from "viewer/dom.js";
import { letter } from "viewer/frame.js";
import { nodesOf } from "viewer/load.js";
import { sum } from "viewer/outcomes.js";
import { chip } from "viewer/palette.js";
import { number, seconds, share } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {View, Fault, ClusterNode} from "viewer/types.js" */

const MANY = 8; // nodes, from which on they stand in several columns

/** @param {View} view */
export function cluster(view) {
  const { cluster: it, users, bins } = view;
  const nodes = nodesOf(view).map((name) => it.nodes.find((node) => node.name === name) ?? { name, lives: [], requests: sum(bins.nodes[name] ?? []), version: "" });
  if (nodes.length === 0 && !it.balancer) return null;
  const all = sum(nodes.map((node) => node.requests)), shares = nodes.map((node) => (all > 0 ? node.requests / all : 0));
  const many = nodes.length > MANY, ways = (/** @type {number[]} */ each) => (many ? [1] : each);
  return html("div", { class: many ? "cluster crowded" : "cluster" },
    box("clients", texts.clients, [users.total > 0 && texts.someUsers(number(users.total, 6)), texts.requests(number(view.requests, 6))]),
    fan([1]),
    box("balancer", texts.balancer, [it.balancer, it.algorithm, it.affinity && texts.affinity(it.affinity)], befell(view, "balancer")),
    fan(ways(shares)),
    html("ul", { class: "nodes", "aria-label": texts.nodes }, ...nodes.map((node, index) => nodeBox(view, node, index, all))),
    it.store && fan(ways(shares.map((part) => part && 0.1)), true),
    it.store && box("store", texts.store, [it.store], befell(view, it.store)));
}

/**
 * @param {string} kind
 * @param {string} name
 * @param {(string | false)[]} words
 * @param {Element[]} faults
 */
function box(kind, name, words, faults = []) {
  return html("div", { class: `box ${kind}` }, html("strong", {}, name), ...words.map((text) => text && html("span", {}, text)), ...faults);
}

/** @param {View} view @param {ClusterNode} node @param {number} index @param {number} all */
function nodeBox(view, node, index, all) {
  const came = node.lives[0]?.[0] ?? 0, gone = node.lives[node.lives.length - 1]?.[1] ?? null;
  const faults = befell(view, node.name), late = view.began + (view.ended - view.began) / 20;
  return html("li", { class: `box ${gone !== null ? "gone" : ""}` }, chip(`node-${index}`), html("strong", {}, node.name),
    html("span", {}, `${texts.requests(number(node.requests, 6))} (${share(node.requests, all)})`),
    node.version && html("span", {}, texts.version(node.version)),
    came > late && html("span", {}, texts.since(seconds(came))), gone !== null && html("span", {}, texts.until(seconds(gone))),
    ...faults, life(view, node));
}

/** @param {View} view @param {string} part */
function befell(view, part) {
  return view.faults.map((fault, index) => ({ fault, index })).filter(({ fault }) => fault.part === part)
    .map(({ fault, index }) => html("em", {}, `${letter(index)}: ${fault.text}, ${during(fault)}`));
}

/** @param {Fault} fault */
export function during(fault) {
  if (fault.to === null) return texts.fromOn(seconds(fault.from));
  return fault.to > fault.from ? texts.between(seconds(fault.from), seconds(fault.to)) : seconds(fault.from);
}

/** When the node was there, and when something of it was broken. @param {View} view @param {ClusterNode} node */
function life({ began, ended, faults }, node) {
  if (ended <= began) return null;
  const place = (/** @type {number} */ at) => (100 * (Math.min(Math.max(at, began), ended) - began)) / (ended - began);
  const span = (/** @type {string} */ name, /** @type {number} */ from, /** @type {number | null} */ to) =>
    svg("rect", { class: name, x: `${place(from)}%`, y: 0, height: 6, width: `${Math.max(1, place(to ?? ended) - place(from))}%` });
  return svg("svg", { class: "life", height: 6, "aria-hidden": "true" }, ...node.lives.map(([from, to]) => span("lived", from, to)),
    ...faults.filter((fault) => fault.part === node.name).map((fault) => span("broken", fault.from, fault.to)));
}

/**
 * The lines between two columns, as thick as what went along them.
 * @param {number[]} shares
 * @param {boolean} [mirrored]
 */
function fan(shares, mirrored = false) {
  const lines = shares.map((part, row) => {
    const there = ((row + 0.5) / shares.length) * 100, ends = mirrored ? [there, 50] : [50, there];
    return svg("path", { d: `M0 ${ends[0]}C50 ${ends[0]} 50 ${ends[1]} 100 ${ends[1]}`, "stroke-width": part > 0 ? Math.max(1.5, part * 8) : 1, class: part > 0 ? "" : "idle" });
  });
  return svg("svg", { class: "fan", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, ...lines);
}

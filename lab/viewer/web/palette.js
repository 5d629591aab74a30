/** Colours that colour-blind people tell apart (Okabe and Ito's), each with a pattern of its own. */

import { svg } from "viewer/dom.js";

/** Strokes on a tile of 8 by 8: with one of eight colours, 56 nodes look like no other. */
const STROKES = ["", "M-1 1L1 -1M0 8L8 0M7 9L9 7", "M0 2H8M0 6H8", "M2 0V8M6 0V8", "M-1 7L1 9M0 0L8 8M7 -1L9 1", "M2 2h2v2h-2zM6 6h2v2h-2z", "M0 4H8M4 0V8"];
export const OUTCOMES = /** @type {const} */ (["ok", "refused", "failed", "unknown"]);
const OUTCOME_STROKES = { ok: "", refused: STROKES[1], failed: STROKES[6], unknown: STROKES[5] };

/**
 * The patterns of a page, which its charts fill with: `url(#node-2)`, `url(#refused)`.
 * @param {number} nodes
 */
export function patterns(nodes) {
  const tiles = Array.from({ length: nodes }, (_, index) => tile(`node-${index}`, `n${index % 8}`, STROKES[index % STROKES.length]));
  for (const outcome of OUTCOMES) tiles.push(tile(outcome, outcome, OUTCOME_STROKES[outcome]));
  return svg("svg", { class: "patterns", width: 0, height: 0, "aria-hidden": "true" }, svg("defs", {}, ...tiles));
}

/**
 * @param {string} id
 * @param {string} fill a class that has the colour
 * @param {string} strokes
 */
function tile(id, fill, strokes) {
  return svg("pattern", { id, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
    svg("rect", { width: 8, height: 8, class: `tile ${fill}` }),
    strokes && svg("path", { d: strokes, class: "strokes" }));
}

/**
 * A small sample of a pattern, beside its name.
 * @param {string} id
 */
export function chip(id) {
  return svg("svg", { class: "chip", width: 16, height: 16, "aria-hidden": "true" },
    svg("rect", { width: 16, height: 16, rx: 3, fill: `url(#${id})` }));
}

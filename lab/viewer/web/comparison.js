/** Two runs beside each other: what changed, and both over time on the same scales. */

import { html, svg, table } from "viewer/dom.js";
import { BOTTOM, LEFT, RIGHT, drawing, figure, timeAxis, valueAxis } from "viewer/frame.js";
import { known, latencyScale, line } from "viewer/latency.js";
import { start, sum } from "viewer/outcomes.js";
import { OUTCOMES } from "viewer/palette.js";
import { linear, milliseconds, number, seconds, times } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {Comparison, View, Bins} from "viewer/types.js" */
/** @import {Scale} from "viewer/scale.js" */
/** @typedef {[View, View]} Both */

const HEIGHT = 200, ASKED = "asked for";
const CLASSES = /** @type {Record<string, string>} */ ({ better: "good", worse: "bad", "no difference seen": "faint" });

/**
 * @param {Comparison} comparison
 * @param {View[]} views
 * @param {number} width
 */
export function compared(comparison, views, width) {
  const [what, ...rest] = texts.comparedHead(`${number(100 * comparison.level)} %`);
  const head = [what, texts.side("A", comparison.a), texts.side("B", comparison.b), ...rest];
  const { rows } = comparison, asked = rows.filter((row) => row.said === ASKED);
  const both = /** @type {Both} */ (views.slice(0, 2));
  return html("section", { "data-section": "compared", "aria-labelledby": "compared" }, html("h2", { id: "compared" }, texts.compared),
    table(texts.compared, head, rows.filter((row) => row.said !== ASKED).map((row) => [row.what, row.a, row.b, row.difference, row.interval, html("span", { class: CLASSES[row.said] ?? "" }, row.said)])),
    asked.length > 0 && table(texts.askedFor, head.slice(0, 3), asked.map((row) => [row.what, row.a, row.b])),
    comparison.notes.length > 0 && html("ul", { class: "notes" }, ...comparison.notes.map((note) => html("li", {}, note))),
    ...(both.length === 2 ? [overlaid(both, width, texts.servedShare, shares, (value) => `${number(value)} %`, 100),
      overlaid(both, width, texts.latencyOfBoth, (bins) => bins.p99, milliseconds)] : []));
}

/** @param {Bins} bins */
const shares = (bins) => bins.ok.map((ok, bin) => {
  const all = sum(OUTCOMES.map((outcome) => bins[outcome][bin]));
  return all > 0 ? (100 * ok) / all : null;
});

/**
 * @param {Both} both
 * @param {number} width
 * @param {string} name
 * @param {(bins: Bins) => (number | null)[]} values
 * @param {(value: number) => string} said
 * @param {number} [most]
 */
function overlaid(both, width, name, values, said, most) {
  const lines = both.map(({ bins }) => values(bins)), all = lines.flatMap(known);
  if (all.length === 0) return null;
  const bottom = HEIGHT - BOTTOM;
  const x = times(Math.min(...both.map((view) => view.began)), Math.max(...both.map((view) => view.ended)), LEFT, width - RIGHT);
  const y = most ? linear(most, bottom, 14, 4) : latencyScale(all, bottom).y;
  const middle = lines.map((each) => known(each)).map((each) => (each.length > 0 ? `${said(Math.min(...each))} – ${said(Math.max(...each))}` : "–"));
  return figure({
    name, summary: texts.bothSummary(middle[0], middle[1]),
    drawing: drawing(width, HEIGHT, valueAxis(y, width, said), ...both.map(({ bins }, side) => line(bins, lines[side], x, y, side ? "side-b" : "side-a")),
      svg("g", { class: "names" }, ...both.flatMap(({ bins }, side) => labels(bins, lines[side], x, y, side ? "B" : "A"))), timeAxis(x, bottom)),
    head: [texts.time, "A", "B"],
    rows: () => rows(both, lines, said),
  });
}

/** @param {Bins} bins @param {(number | null)[]} values @param {Scale} x @param {Scale} y @param {string} name */
function labels(bins, values, x, y, name) {
  const last = values.findLastIndex((value) => value !== null);
  return last < 0 ? [] : [svg("text", { x: x(Math.min(start(bins, last + 0.5), x.end)), y: Math.max(12, y(values[last] ?? 0) + (name === "A" ? -6 : 14)), "text-anchor": "end" }, name)];
}

/** @param {Both} both @param {(number | null)[][]} lines @param {(value: number) => string} said */
function rows([a, b], [ofA, ofB], said) {
  const told = (/** @type {number | null | undefined} */ value) => (value === null || value === undefined ? "–" : said(value));
  if (a.bins.width === b.bins.width && a.bins.start === b.bins.start) {
    return Array.from({ length: Math.max(ofA.length, ofB.length) }, (_, bin) => [seconds(start(a.bins, bin)), told(ofA[bin]), told(ofB[bin])]);
  }
  return [...ofA.map((value, bin) => ({ at: start(a.bins, bin), row: [told(value), "–"] })), ...ofB.map((value, bin) => ({ at: start(b.bins, bin), row: ["–", told(value)] }))]
    .sort((one, other) => one.at - other.at).map(({ at, row }) => [seconds(at), ...row]);
}

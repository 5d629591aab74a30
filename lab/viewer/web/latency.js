/** Latency percentiles over time, with the bounds on them as lines. */

import { svg } from "viewer/dom.js";
import { BOTTOM, LEFT, RIGHT, bands, drawing, figure, timeAxis, timeScale, valueAxis } from "viewer/frame.js";
import { hovers, start } from "viewer/outcomes.js";
import { linear, logarithmic, milliseconds, seconds } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {View, Bins, Bound} from "viewer/types.js" */
/** @import {Scale} from "viewer/scale.js" */

const HEIGHT = 220, TOP = 22, HIGHEST = 12; // where a name is still whole
const LINES = /** @type {const} */ (["p50", "p90", "p99"]);
const BOUNDED = /^(p50|p90|p99|p999|max)_ms$/;

/** @param {(number | null)[]} values */
export const known = (values) => /** @type {number[]} */ (values.filter((value) => value !== null));

/**
 * A straight scale where it shows all, a logarithmic one where it would not.
 * @param {number[]} values
 * @param {number} bottom
 * @returns {{y: Scale, log: boolean}}
 */
export function latencyScale(values, bottom) {
  const most = Math.max(...values, 0), some = values.filter((value) => value > 0);
  const log = some.length > 0 && most > 40 * Math.min(...some);
  return { log, y: log ? logarithmic(Math.max(0.1, Math.min(...some)), most, bottom, TOP) : linear(most * 1.05, bottom, TOP, 4) };
}

/**
 * A line through the middle of the bins, broken where nothing was asked; a lone value is a dash.
 * @param {Bins} bins
 * @param {(number | null)[]} values
 * @param {Scale} x
 * @param {Scale} y
 * @param {string} name its class
 */
export function line(bins, values, x, y, name) {
  let path = "";
  values.forEach((value, bin) => {
    if (value === null) return;
    const at = `${x(Math.min(start(bins, bin + 0.5), x.end)).toFixed(1)} ${y(value).toFixed(1)}`;
    const before = values[bin - 1] ?? null, after = values[bin + 1] ?? null;
    path += before !== null ? `L${at}` : after !== null ? `M${at}` : `M${at}m-3 0h6`;
  });
  return svg("path", { d: path, class: `line ${name}` });
}

/**
 * @param {View} view
 * @param {number} width
 */
export function latency(view, width) {
  const { bins } = view, bounds = view.bounds.filter((bound) => BOUNDED.test(bound.figure));
  const all = LINES.flatMap((name) => known(bins[name]));
  if (all.length === 0) return null;
  const bottom = HEIGHT - BOTTOM, x = timeScale(view, width);
  const { y, log } = latencyScale([...all, ...bounds.map((bound) => bound.limit)], bottom);
  const whole = view.latency.find((each) => each.what === "");
  const said = (/** @type {number} */ bin) => LINES.map((name) => `${name} ${told(bins[name][bin])}`).join(", ");
  return figure({
    name: texts.latencyOverTime,
    summary: [whole && texts.latencySummary(milliseconds(whole.p50), milliseconds(whole.p99)), ...bounds.map((bound) => `${texts.bound(bound.text)}.`), log && texts.logScale].filter(Boolean).join(" "),
    drawing: drawing(width, HEIGHT, bands(view.faults, x, bottom), valueAxis(y, width, milliseconds),
      ...LINES.map((name) => line(bins, bins[name], x, y, name)), ...bounds.map((bound) => limit(bound, y, width)),
      hovers(bins, x, bottom, said), names(bins, x, y), timeAxis(x, bottom)),
    head: [texts.time, ...LINES],
    rows: () => bins.p50.map((_, bin) => [seconds(start(bins, bin)), ...LINES.map((name) => told(bins[name][bin]))]),
  });
}

/** @param {number | null} value */
const told = (value) => (value === null ? "–" : milliseconds(value));

/** @param {Bound} bound @param {Scale} y @param {number} width */
function limit(bound, y, width) {
  const at = y(bound.limit);
  return svg("g", { class: bound.met === false ? "limit unmet" : "limit" },
    svg("line", { x1: LEFT, x2: width - RIGHT, y1: at, y2: at }),
    svg("text", { x: width - RIGHT - 2, y: at - 5, "text-anchor": "end" }, texts.bound(bound.text)));
}

/**
 * The names of the lines where they end, one above the other.
 * @param {Bins} bins
 * @param {Scale} x
 * @param {Scale} y
 */
function names(bins, x, y) {
  let lowest = Infinity;
  const found = LINES.flatMap((name) => {
    const last = bins[name].findLastIndex((value) => value !== null);
    if (last < 0) return [];
    lowest = Math.min(lowest - 13, y(bins[name][last] ?? 0) - 4);
    return [{ name, at: x(Math.min(start(bins, last + 0.5), x.end)), low: lowest }];
  });
  const down = Math.max(0, HIGHEST - lowest); // lines at the top have their names below
  return svg("g", { class: "names" }, ...found.map(({ name, at, low }) => svg("text", { x: at, y: low + down, "text-anchor": "end" }, name)));
}

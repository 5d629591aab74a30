/** How many requests each node answered: a row per node, so that any number of them fits. */

import { svg } from "viewer/dom.js";
import { BOTTOM, RIGHT, bands, drawing, figure, timeAxis, timeScale } from "viewer/frame.js";
import { start, sum } from "viewer/outcomes.js";
import { number, seconds, share } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {View} from "viewer/types.js" */

const HIGH = 34, LOW = 18, TOP = 20, NAMES = 96; // rows are low when there are many

/**
 * The nodes of a view, in the order in which they are coloured; those that only requests name last.
 * @param {View} view
 */
export function nodesOf(view) {
  const named = view.cluster.nodes.map((node) => node.name);
  const others = Object.keys(view.bins.nodes).filter((name) => name !== "" && !named.includes(name));
  return [...named, ...others];
}

/**
 * @param {View} view
 * @param {number} width
 */
export function load(view, width) {
  const { bins } = view, nodes = nodesOf(view);
  const rows = [...nodes, ...(sum(bins.nodes[""] ?? []) > 0 ? [""] : [])].map((name) => ({ name, counts: bins.nodes[name] ?? [] }));
  if (rows.length === 0) return null;
  const ROW = rows.length > 12 ? LOW : HIGH, most = Math.max(1, ...rows.flatMap((row) => row.counts)), all = sum(rows.map((row) => (row.name ? sum(row.counts) : 0)));
  const x = timeScale(view, width, NAMES), height = TOP + rows.length * ROW;
  const drawn = rows.flatMap(({ name, counts }, row) => {
    const low = TOP + (row + 1) * ROW - 4, index = nodes.indexOf(name);
    let path = "";
    counts.forEach((count, bin) => {
      if (count === 0) return;
      const from = x(start(bins, bin)), to = x(Math.min(start(bins, bin + 1), x.end));
      path += `M${from.toFixed(1)} ${low}H${Math.max(from + 1, to - 1).toFixed(1)}V${(low - Math.max(1, (count / most) * (ROW - 6))).toFixed(1)}H${from.toFixed(1)}z`;
    });
    return [
      svg("text", { class: "name", x: NAMES - 8, y: ROW === HIGH ? low - 13 : low - 1, "text-anchor": "end" }, clipped(name || texts.nobody, 12)),
      ROW === HIGH && name && svg("text", { class: "faint", x: NAMES - 8, y: low, "text-anchor": "end" }, share(sum(counts), all)),
      svg("path", { d: path, class: "bars", fill: index < 0 ? "url(#unknown)" : `url(#node-${index})` }),
      svg("line", { class: "grid", x1: NAMES, x2: width - RIGHT, y1: low, y2: low }),
    ].filter((part) => part instanceof Element);
  });
  return figure({
    name: texts.loadOverTime,
    summary: texts.loadSummary(rows.slice(0, 8).map((row) => `${row.name || texts.nobody} ${number(sum(row.counts), 6)}${row.name && ` (${share(sum(row.counts), all)})`}`)),
    drawing: drawing(width, height + BOTTOM, bands(view.faults, x, height), ...drawn, timeAxis(x, height)),
    head: [texts.time, ...rows.map((row) => row.name || texts.nobody)],
    rows: () => bins.ok.map((_, bin) => [seconds(start(bins, bin)), ...rows.map((row) => String(row.counts[bin] ?? 0))]),
  });
}

/** @param {string} text @param {number} most letters */
export const clipped = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Requests over time, by what became of them. */

import { svg } from "viewer/dom.js";
import { BOTTOM, bands, drawing, figure, timeAxis, timeScale, valueAxis } from "viewer/frame.js";
import { OUTCOMES } from "viewer/palette.js";
import { linear, number, seconds, share } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {View, Bins} from "viewer/types.js" */

const HEIGHT = 220;

/** @param {number[]} counts */
export const sum = (counts) => counts.reduce((all, count) => all + count, 0);

/** @param {Bins} bins @param {number} bin */
export const start = (bins, bin) => bins.start + bin * bins.width;

/**
 * @param {View} view
 * @param {number} width
 */
export function outcomes(view, width) {
  const { bins } = view;
  const totals = bins.ok.map((_, bin) => sum(OUTCOMES.map((outcome) => bins[outcome][bin])));
  const x = timeScale(view, width), bottom = HEIGHT - BOTTOM;
  const y = linear(Math.max(...totals, 0) / bins.width, bottom, 22, 4);
  const floor = totals.map(() => 0);
  const bars = OUTCOMES.map((outcome) => {
    let path = "";
    bins[outcome].forEach((count, bin) => {
      if (count === 0) return;
      const low = y(floor[bin] / bins.width);
      floor[bin] += count;
      const high = y(floor[bin] / bins.width), from = x(start(bins, bin)), to = x(Math.min(start(bins, bin + 1), x.end));
      path += `M${from.toFixed(1)} ${low.toFixed(1)}H${Math.max(from + 1, to - 1).toFixed(1)}V${Math.min(high, low - 1).toFixed(1)}H${from.toFixed(1)}z`;
    });
    return svg("path", { d: path, fill: `url(#${outcome})`, class: `bars ${outcome}` });
  });
  const all = sum(totals), used = OUTCOMES.filter((outcome) => sum(bins[outcome]) > 0);
  const late = view.findings.find((one) => one.check === "revocation")?.figures.refused_after_logout ?? 0, refused = sum(bins.refused);
  const why = late > 0 && refused >= late ? ` ${texts.afterLogout(number(late, 6), number(refused, 6))}` : "";
  const said = (/** @type {number} */ bin) => used.map((outcome) => `${bins[outcome][bin]} ${texts.outcomes[outcome]}`).join(", ");
  return figure({
    name: texts.requestsOverTime,
    summary: texts.ofRequests(number(all, 6), used.map((outcome) => `${number(sum(bins[outcome]), 6)} ${texts.outcomes[outcome]} (${share(sum(bins[outcome]), all)})`)) + why,
    legend: used.map((outcome) => [outcome, texts.outcomes[outcome]]),
    drawing: drawing(width, HEIGHT, valueAxis(y, width, (value) => `${number(value)}/s`), ...bars, bands(view.faults, x, bottom),
      hovers(bins, x, bottom, said), timeAxis(x, bottom)),
    head: [texts.time, ...OUTCOMES.map((outcome) => texts.outcomes[outcome])],
    rows: () => totals.map((_, bin) => [seconds(start(bins, bin)), ...OUTCOMES.map((outcome) => String(bins[outcome][bin]))]),
  });
}

/**
 * What each bin says to a pointer that rests on it.
 * @param {Bins} bins
 * @param {import("viewer/scale.js").Scale} x
 * @param {number} height
 * @param {(bin: number) => string} said
 */
export function hovers(bins, x, height, said) {
  return svg("g", { class: "hovers" }, ...Array.from({ length: bins.count }, (_, bin) => svg("rect", {
    x: x(start(bins, bin)), y: 0, width: Math.max(0, x(Math.min(start(bins, bin + 1), x.end)) - x(start(bins, bin))), height,
  }, svg("title", {}, `${seconds(start(bins, bin))}: ${said(bin)}`))));
}

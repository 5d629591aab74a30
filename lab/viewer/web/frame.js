/** What every chart over time has: axes, the faults shaded and labelled, a legend, its table. */

import { html, svg, table } from "viewer/dom.js";
import { chip } from "viewer/palette.js";
import { number, seconds, times } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {View, Fault} from "viewer/types.js" */
/** @import {Scale} from "viewer/scale.js" */

export const LEFT = 48, RIGHT = 10, BOTTOM = 22;
const LETTER = 7; // about as wide as a letter of a label

/** @param {number} index */
export const letter = (index) => String.fromCharCode(65 + (index % 26)) + (index >= 26 ? Math.floor(index / 26) : "");

/**
 * @param {View} view
 * @param {number} width
 * @param {number} [left]
 */
export const timeScale = (view, width, left = LEFT) => times(view.began, view.ended, left, width - RIGHT);

/**
 * The faults behind a chart: a band each, its letter, and its words where they fit.
 * @param {Fault[]} faults
 * @param {Scale} x
 * @param {number} height of the band
 */
export function bands(faults, x, height) {
  const drawn = [...faults.entries()].filter(([, fault]) => fault.from <= x.end && (fault.to ?? x.end) >= x.begin);
  return svg("g", { class: "faults" }, ...drawn.flatMap(([index, fault], place) => {
    const from = x(Math.max(fault.from, x.begin)), to = Math.max(from + 2, x(Math.min(fault.to ?? x.end, x.end)));
    const next = drawn[place + 1] ? x(drawn[place + 1][1].from) : x(x.end);
    const words = `${letter(index)}: ${fault.text}`;
    const fits = words.length * LETTER < next - from - 4;
    return [
      svg("rect", { class: "band", x: from, y: 0, width: to - from, height }, svg("title", {}, fault.text)),
      svg("line", { class: "edge", x1: from, x2: from, y1: 0, y2: height }),
      (fits || next - from > LETTER + 4) && svg("text", { class: "fault", x: Math.min(from + 4, x(x.end) - LETTER - 2), y: 13 }, fits ? words : letter(index)),
    ].filter((part) => part instanceof Element);
  }));
}

/**
 * @param {Scale} x
 * @param {number} y
 */
export function timeAxis(x, y) {
  const last = x.ticks.length - 1;
  return svg("g", { class: "axis" }, svg("line", { x1: x(x.begin), x2: x(x.end), y1: y, y2: y }),
    ...x.ticks.map((tick, index) => svg("text", {
      x: x(tick), y: y + 16, "text-anchor": index === last && x(x.end) - x(tick) < 20 ? "end" : "middle",
    }, seconds(tick))));
}

/**
 * Lines across, with what they stand for at the left.
 * @param {Scale} y
 * @param {number} width
 * @param {(value: number) => string} [said]
 */
export function valueAxis(y, width, said = number) {
  return svg("g", { class: "axis" }, ...y.ticks.flatMap((tick) => [
    svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }),
    svg("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, said(tick)),
  ]));
}

/**
 * A drawing with its name, its legend, and the same in numbers for who does not see it.
 * @param {object} parts
 * @param {string} parts.name
 * @param {string} parts.summary what one sees in it
 * @param {[string, string][]} [parts.legend] pattern and name
 * @param {SVGSVGElement} parts.drawing
 * @param {string[]} parts.head
 * @param {() => string[][]} parts.rows made when they are asked for
 */
export function figure({ name, summary, legend = [], drawing, head, rows }) {
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `${name}: ${summary}`);
  const numbers = html("details", { "data-keep": `numbers ${name}`, toggle }, html("summary", { "data-keep": `summary ${name}` }, texts.asTable, html("span", { class: "hidden" }, `: ${name}`)));
  function toggle() {
    if (numbers.open && numbers.children.length === 1) numbers.append(table(name, head, rows()));
  }
  return html("figure", {}, html("figcaption", {}, html("h3", {}, name), html("span", { class: "summary" }, summary)),
    legend.length > 0 && html("ul", { class: "legend", "aria-hidden": "true" }, ...legend.map(([id, text]) => html("li", {}, chip(id), text))),
    drawing, numbers);
}

/**
 * @param {number} width
 * @param {number} height
 * @param {Element[]} children
 */
export const drawing = (width, height, ...children) =>
  svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, ...children);

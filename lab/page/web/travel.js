/** Requests on their way: a mark that moves from box to box, hollow and with words while there are few. */

import { html } from "viewer/dom.js";

/** @import {How} from "page/types.js" */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {{to: HTMLElement, points: Point[]}} Leg on the way to a box */
/**
 * @typedef {{legs: Leg[], turn: number, how: How, going: string, coming: string}} Journey
 *   after leg `turn` it has its answer, and goes back
 */

export const GLYPHS = /** @type {Record<How, string>} */ ({ ok: "✓", refused: "!", failed: "✕", unknown: "?" });
const MOST = 70, CALM = 7; // at once: drawn at all; with their words beside them
const LEG = 300, HURRIED = 170, APART = 45; // ms

/** @param {How} how @param {string} [more] classes */
export const glyph = (how, more = "") => html("i", { class: `glyph-${how} ${more}`, "aria-hidden": "true" }, GLYPHS[how]);

/** @param {HTMLElement} layer over all boxes, and as large as what the points are measured in */
export function traveller(layer) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {Set<HTMLElement>} */
  const lit = new Set();
  let under = 0, free = 0;

  /** @param {Journey} journey */
  function send(journey) {
    if (under >= MOST || document.visibilityState === "hidden") return;
    const calm = under < CALM, leg = calm ? LEG : HURRIED, now = performance.now();
    const delay = Math.max(0, free - now);
    if (delay > 1500) return; // it would be shown long after it happened
    free = now + delay + APART;
    const timing = { delay, duration: leg * journey.legs.length, fill: /** @type {const} */ ("both") };
    if (calm || journey.how !== "ok") arrive(journey, delay, still.matches ? 0 : leg);
    if (still.matches) return;
    const mark = html("div", { class: `mark ${journey.how}` }, glyph(journey.how),
      ...(calm ? [html("b", {}), html("span", { class: "going" }, journey.going), html("span", { class: "coming" }, journey.coming)] : []));
    layer.append(mark);
    under += 1;
    const turned = journey.turn / journey.legs.length;
    const moved = mark.animate(frames(journey.legs), timing);
    for (const each of mark.querySelectorAll("b, .going")) each.animate(until(turned, 1, 0), timing);
    mark.querySelector(".coming")?.animate(until(turned, 0, 1), timing);
    moved.finished.catch(() => {}).finally(() => {
      under -= 1;
      mark.remove();
    });
  }

  /** The boxes on its way light up as it comes to them; each once at a time. @param {Journey} journey @param {number} delay @param {number} leg */
  function arrive({ legs, how, turn }, delay, leg) {
    for (const [index, { to }] of legs.entries()) {
      if ((index !== turn - 1 && index !== legs.length - 1) || lit.has(to)) continue;
      lit.add(to);
      to.animate([{ boxShadow: `0 0 0 2px var(--${how})` }, { boxShadow: "0 0 0 7px transparent" }], { delay: delay + (index + 1) * leg, duration: 600, easing: "ease-out" })
        .finished.catch(() => {}).finally(() => lit.delete(to));
    }
  }
  return { send, close: () => layer.replaceChildren() };
}

/** @param {number} turned @param {number} before @param {number} after */
const until = (turned, before, after) => [{ opacity: before }, { opacity: before, offset: turned }, { opacity: after, offset: turned }, { opacity: after }];

/** @param {Leg[]} legs @returns {Keyframe[]} */
function frames(legs) {
  return legs.flatMap(({ points }, leg) => points.map(({ x, y }, index) => ({
    transform: `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`,
    offset: Math.min(1, (leg + eased(index / (points.length - 1))) / legs.length),
  })));
}

/** Slow at both ends, as it stops at each box. @param {number} part */
const eased = (part) => (part < 0.5 ? Math.sqrt(part / 2) : 1 - Math.sqrt((1 - part) / 2));

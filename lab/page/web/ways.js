/** The way from one box to another: a curve to what stands beside it, a rail along the edge to what is below. */

/** @import {Point} from "page/travel.js" */
/** @typedef {{line: string, points: Point[]}} Way as a path of SVG, and places along it, evenly */

const STEPS = 12, RAIL = 11, BEND = 9, NEAR = 60; // px

/**
 * @param {HTMLElement} from nearer to the clients
 * @param {HTMLElement} to nearer to the store
 * @param {DOMRect} frame what the places are measured in
 * @returns {Way}
 */
export function way(from, to, frame) {
  const one = from.getBoundingClientRect(), two = to.getBoundingClientRect();
  if (one.right <= two.left + 1) return curve(side(one, true, frame), side(two, false, frame));
  const narrow = one.width < two.width ? one : two, wide = narrow === one ? two : one;
  const right = narrow.left + narrow.width / 2 > frame.left + frame.width / 2 + 1 && frame.right - wide.right < NEAR;
  return rail(side(one, right, frame), side(two, right, frame), right ? frame.width - RAIL : RAIL);
}

/** The middle of a side. @param {DOMRect} box @param {boolean} right @param {DOMRect} frame @returns {Point} */
const side = (box, right, frame) => ({ x: (right ? box.right : box.left) - frame.left, y: box.top + box.height / 2 - frame.top });

/** @param {Point[]} points */
const written = (...points) => points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join(" ");

/** As in a letter S. @param {Point} a @param {Point} b @returns {Way} */
function curve(a, b) {
  const middle = (a.x + b.x) / 2, c = { x: middle, y: a.y }, d = { x: middle, y: b.y };
  const points = Array.from({ length: STEPS + 1 }, (_, step) => {
    const t = step / STEPS, u = 1 - t, weights = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    const along = (/** @type {"x" | "y"} */ axis) => [a, c, d, b].reduce((sum, point, index) => sum + weights[index] * point[axis], 0);
    return { x: along("x"), y: along("y") };
  });
  return { line: `M${written(a)}C${written(c, d, b)}`, points };
}

/** @param {Point} a @param {Point} b @param {number} x of the rail @returns {Way} */
function rail(a, b, x) {
  const inward = Math.sign(a.x - x) * BEND, down = Math.sign(b.y - a.y) * Math.min(BEND, Math.abs(b.y - a.y) / 2);
  const first = { x, y: a.y }, last = { x, y: b.y };
  const line = `M${written(a)}H${x + inward}Q${written(first, { x, y: a.y + down })}V${b.y - down}Q${written(last, { x: x + inward, y: b.y })}H${b.x}`;
  const corners = [a, first, last, b], lengths = corners.slice(1).map((corner, index) => Math.abs(corner.x - corners[index].x) + Math.abs(corner.y - corners[index].y));
  const all = lengths[0] + lengths[1] + lengths[2];
  const points = Array.from({ length: STEPS + 1 }, (_, step) => {
    let rest = (all * step) / STEPS, leg = 0;
    while (leg < 2 && rest > lengths[leg]) rest -= lengths[leg++];
    const part = lengths[leg] > 0 ? Math.min(1, rest / lengths[leg]) : 0, from = corners[leg], to = corners[leg + 1];
    return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
  });
  return { line, points };
}

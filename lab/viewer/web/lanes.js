/** A lane per user: when it asked, which node answered, whether it was served, where it was lost. */

import { svg } from "viewer/dom.js";
import { BOTTOM, bands, drawing, figure, timeAxis, timeScale } from "viewer/frame.js";
import { clipped, nodesOf } from "viewer/load.js";
import { OUTCOMES } from "viewer/palette.js";
import { number } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {View, Lane, Loss} from "viewer/types.js" */

const ROW = 13, TOP = 20, LETTER = 7;

/** What a user of a story is known by, whatever is drawn anew. @param {{user: string, tab: number}} who */
export const lossKey = ({ user, tab }) => `loss ${tab} ${user}`;

/**
 * @param {View} view
 * @param {number} width
 * @param {(loss: Loss) => void} open
 */
export function lanes(view, width, open) {
  const { users } = view;
  if (users.lanes.length === 0) return null;
  const nodes = nodesOf(view), left = width < 500 ? 72 : 130, height = TOP + users.lanes.length * ROW;
  const x = timeScale(view, width, left), losses = new Map(view.losses.shown.map((loss) => [lossKey(loss), loss]));
  const found = users.lanes.map((lane) => losses.get(lossKey({ user: lane.name, tab: lane.tab })));
  const picture = drawing(width, height + BOTTOM, bands(view.faults, x, height), spans(users.lanes, nodes, x),
    ...users.lanes.flatMap((lane, row) => heading(lane, row, left, found[row], x)), timeAxis(x, height));
  picture.classList.add("lanes");
  picture.addEventListener("click", (event) => {
    const loss = found[Math.floor((event.clientY - picture.getBoundingClientRect().top - TOP) / ROW)];
    if (loss) open(loss);
  });
  const seen = nodes.filter((node) => users.lanes.some((lane) => lane.spans.some((span) => span[2] === node)));
  const states = OUTCOMES.filter((state) => state !== "ok" && users.lanes.some((lane) => lane.spans.some((span) => span[3] === state)));
  return figure({
    name: texts.lanes,
    summary: texts.lanesSummary(users.lanes.length, number(users.total, 6), users.lost),
    legend: [...seen.map((node) => /** @type {[string, string]} */ ([`node-${nodes.indexOf(node)}`, node])), ...states.map((state) => /** @type {[string, string]} */ ([state, texts.outcomes[state]]))],
    drawing: picture,
    head: [texts.user, texts.fate, texts.why, texts.nodesSeen],
    rows: () => users.lanes.map((lane) => [texts.named(lane.name, lane.tab), texts.fates[lane.fate], lane.why, [...new Set(lane.spans.map((span) => span[2]).filter(Boolean))].join(", ")]),
  });
}

/**
 * One path for each node, whatever the number of spans: what is served fills the lane, the rest is thin.
 * @param {Lane[]} all
 * @param {string[]} nodes
 * @param {(value: number) => number} x
 */
function spans(all, nodes, x) {
  /** @type {Map<string, string>} */
  const paths = new Map();
  all.forEach((lane, row) => {
    for (const [from, to, node, state] of lane.spans) {
      const index = nodes.indexOf(node), fill = index >= 0 ? `node-${index}` : "unknown";
      const thin = state !== "ok", top = TOP + row * ROW + (thin ? 4 : 1), start = x(from);
      const box = `M${start.toFixed(1)} ${top}H${Math.max(start + 2, x(to)).toFixed(1)}v${thin ? 4 : ROW - 3}H${start.toFixed(1)}z`;
      const key = thin ? state : fill;
      paths.set(key, (paths.get(key) ?? "") + box);
    }
  });
  return svg("g", {}, ...[...paths].map(([fill, d]) => svg("path", { d, fill: `url(#${fill})` })));
}

/**
 * @param {Lane} lane
 * @param {number} row
 * @param {number} left
 * @param {Loss | undefined} loss
 * @param {(value: number) => number} x
 */
function heading(lane, row, left, loss, x) {
  const middle = TOP + row * ROW + ROW / 2, name = texts.named(lane.name, lane.tab);
  const parts = [svg("text", { class: `name ${loss ? "lost" : ""}`, x: left - 8, y: middle + 4, "text-anchor": "end" },
    clipped(name, Math.floor((left - 12) / LETTER)), svg("title", {}, `${name}: ${texts.fates[lane.fate]}. ${lane.why}`))];
  if (loss) {
    const at = x(loss.at);
    parts.push(/** @type {any} */ (svg("g", { class: "loss" }, svg("circle", { cx: at, cy: middle, r: 6 }),
      svg("path", { d: `M${at - 3} ${middle - 3}l6 6m0-6l-6 6` }), svg("title", {}, `${name}: ${texts.fates[loss.fate]}. ${loss.why}`))));
  }
  return parts;
}

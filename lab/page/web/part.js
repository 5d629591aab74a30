/** A part clicked on: what is known of it, and what can be done to it now. */

import { html } from "viewer/dom.js";
import { moment } from "viewer/scale.js";
import { byHand } from "page/boxes.js";
import { button } from "page/controls.js";
import { clicks, fill } from "page/morph.js";
import { call, on, state } from "page/net.js";
import { reason, say } from "page/say.js";
import { texts } from "page/texts.js";

/** @import {Child} from "viewer/dom.js" */
/** @import {Act, Action, Cluster, Done, Part} from "page/types.js" */

const words = texts.part, MARGIN = 8;
const inside = html("div", {}), wrong = html("p", { class: "wrong", role: "alert" });
const dialog = html("div", { class: "popover", popover: "auto", role: "dialog", "aria-labelledby": "part-title" }, inside, wrong);
let at = { cluster: "a", part: "" }, both = true;

/** What the frame holds, once. */
export const parts = () => dialog;

clicks(dialog, {
  close: () => dialog.hidePopover(),
  act: (from) => act(from, { do: from.dataset.of ?? "", part: at.part, cluster: both && (state()?.clusters.length ?? 0) > 1 ? "all" : at.cluster }, wrong),
});
dialog.addEventListener("change", (event) => (both = /** @type {HTMLInputElement} */ (event.target).checked));
on("state", () => dialog.matches(":popover-open") && show());

/** @param {string} cluster @param {string} part @param {HTMLElement} from beside it the popover opens */
export function openPart(cluster, part, from) {
  at = { cluster, part };
  wrong.textContent = "";
  show();
  if (!dialog.matches(":popover-open")) dialog.showPopover();
  const place = from.getBoundingClientRect(), size = dialog.getBoundingClientRect();
  const left = place.right + MARGIN + size.width < innerWidth ? place.right + MARGIN : place.left - MARGIN - size.width;
  dialog.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - size.width - MARGIN))}px`;
  dialog.style.top = `${Math.max(MARGIN, Math.min(place.top, innerHeight - size.height - MARGIN))}px`;
  dialog.querySelector("button")?.focus();
}

/**
 * Does it, and says what came of it: beside the button, if it went wrong.
 * @param {HTMLElement} from
 * @param {Act} body
 * @param {HTMLElement} [beside]
 */
export async function act(from, body, beside) {
  from.setAttribute("aria-busy", "true");
  if (beside) beside.textContent = "";
  try {
    const { done, refused } = /** @type {Done} */ (await call("POST", "/actions", body));
    const not = Object.entries(refused).map(([id, why]) => words.refusedAt(id, why));
    say([done, ...not].filter(Boolean).join(". "), not.length > 0);
    if (not.length === 0 && beside) dialog.hidePopover();
  } catch (error) {
    if (beside) beside.textContent = reason(error);
    else say(reason(error), true);
  }
  from.removeAttribute("aria-busy");
}

function show() {
  const cluster = state()?.clusters.find(({ id }) => id === at.cluster);
  const part = cluster?.parts.find(({ name, kind }) => name === at.part || kind === at.part);
  if (!cluster || !part) return dialog.hidePopover();
  at.part = part.name;
  const known = part.kind === "node" ? facts(part) : part.kind === "balancer" ? [...facts(part), pins(cluster)] : [...facts(part), keys(cluster)];
  const doable = cluster.actions.filter(({ takes_part, parts, by_hand }) => takes_part && (parts.includes(part.name) || by_hand[part.name]));
  fill(inside, html("div", { class: "popover-head" }, html("h2", { id: "part-title" }, part.name), button("close", words.close, { class: "close" })), ...known,
    html("h3", {}, words.doable), doable.length === 0 && html("p", { class: "faint" }, words.nothing),
    html("ul", { class: "acts" }, ...doable.map((action) => html("li", { "data-key": action.do }, doing(action), byHand(action.by_hand[part.name])))),
    (state()?.clusters.length ?? 0) > 1 && html("label", { class: "both" }, html("input", { type: "checkbox", checked: both }), words.both));
}

/** @param {Action} action */
const doing = ({ do: name, does, why_not }) => [button("act", words.does[name] ?? name, { "data-of": name, why: why_not }), html("span", {}, why_not || does)].reduce((row, child) => (row.append(child), row), html("div", {}));

/** @param {Part} part @returns {Child[]} */
function facts(part) {
  /** @type {[string, string | number | null][]} */
  const all = [[words.address, part.address], [words.process, part.pid], [words.seen, part.seen], [words.version, part.version]];
  return [html("dl", { "data-key": "facts" }, ...all.flatMap(([name, value]) => (value ? [html("dt", {}, name), html("dd", {}, String(value))] : [])))];
}

/** @param {Cluster} cluster */
function pins({ balancing }) {
  if (balancing.pins.length === 0) return balancing.why && html("p", { class: "faint" }, balancing.why);
  return html("div", {}, html("h3", {}, words.pins), html("ul", { class: "listed" }, ...balancing.pins.map((pin) => html("li", {}, html("code", {}, pin.key), ` → ${pin.node} `, html("small", {}, words.ago(moment(pin.since)), pin.why && `: ${pin.why}`)))),
    balancing.pins_total > balancing.pins.length && html("p", { class: "faint" }, texts.drawing.more(balancing.pins_total - balancing.pins.length)));
}

/** @param {Cluster} cluster */
function keys({ store }) {
  if (!store?.keys.length) return store?.why && html("p", { class: "faint" }, store.why);
  return html("div", {}, html("h3", {}, words.keys), html("ul", { class: "listed" }, ...store.keys.map((key) => html("li", {}, html("code", {}, key.name), " ", html("small", {}, [key.says, key.ttl === null ? words.forever : words.ttl(moment(key.ttl))].filter(Boolean).join(", "))))),
    store.total > store.keys.length && html("p", { class: "faint" }, texts.drawing.more(store.total - store.keys.length)));
}

/** What became of one user, request by request: client, balancer, node, store. */

import { html, svg } from "viewer/dom.js";
import { focusOn } from "viewer/keeping.js";
import { lossKey } from "viewer/lanes.js";
import { clipped } from "viewer/load.js";
import { milliseconds, moment, seconds } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {Loss, Step} from "viewer/types.js" */

const HEIGHT = 48; // px of one request, at least
const { client: CLIENT, balancer: BALANCER, store: STORE } = texts.participants;

/**
 * The dialog of a viewer, which is there once; it stays as it is while the page is drawn anew.
 * @param {HTMLElement} root of the viewer
 * @param {string} prefix of its ids
 * @returns {{element: HTMLDialogElement, open: (loss: Loss, store: boolean, key: string) => void}}
 */
export function storyDialog(root, prefix) {
  const name = `${prefix}story-name`;
  let opener = ""; // the button may be another one by the time the dialog is closed
  const element = html("dialog", { "aria-labelledby": name, click: (/** @type {MouseEvent} */ event) => {
    if (event.target === element) element.close();
  }, close: () => focusOn(root, opener) });
  return {
    element,
    open(loss, store, key) {
      opener = `${key} ${lossKey(loss)}`;
      element.replaceChildren(...told(name, loss, store, Math.min(window.innerWidth, 640) - 60));
      element.showModal();
      element.scrollTop = 0;
    },
  };
}

/** @param {string} name @param {Loss} loss @param {boolean} store @param {number} room px for all lines of life */
function told(name, loss, store, room) {
  const nodes = [...new Set([loss.home, ...loss.steps.map((step) => step.node)])].filter(Boolean);
  const parts = [CLIENT, BALANCER, ...nodes, ...(store ? [STORE] : [])];
  const each = Math.max(48, Math.min(78, room / parts.length));
  const places = parts.map((_, index) => (index + 0.5) * each);
  return [
    html("header", { role: "presentation" }, html("h2", { id: name }, texts.story(texts.named(loss.user, loss.tab))),
      html("form", { method: "dialog" }, html("button", { class: "close" }, texts.close))),
    html("p", { class: "verdict" }, html("strong", {}, `✕ ${texts.lostAt(texts.fates[loss.fate], moment(loss.at))}`), `: ${loss.why}`),
    html("p", {}, loss.home && texts.home(loss.home), loss.left_out > 0 && ` ${texts.leftOut(loss.left_out)}`),
    html("div", { class: "sequence", tabindex: 0, role: "group", "aria-label": texts.story(loss.user) },
      html("div", { class: "parts", "aria-hidden": "true" }, heads(parts, places)),
      html("ol", {}, ...loss.steps.map((step) => row(step, parts, places, store)))),
  ];
}

/** @param {string[]} parts @param {number[]} places */
function heads(parts, places) {
  const each = 2 * places[0], most = Math.floor(each / 7);
  return svg("svg", { width: parts.length * each, height: 26 }, ...parts.map((part, index) =>
    svg("text", { x: places[index], y: 17, "text-anchor": "middle" }, clipped(part, most), svg("title", {}, part))));
}

/** @param {Step} step @param {string[]} parts @param {number[]} places @param {boolean} store */
function row(step, parts, places, store) {
  const explained = [step.said, step.note].filter(Boolean).join(". ");
  return html("li", { class: step.marks ? "marks" : "" }, arrows(step, places, places[parts.indexOf(step.node)], store),
    html("div", { class: "words" },
      html("p", {}, html("time", {}, seconds(step.at)), " ", html("b", {}, step.what), step.request && ` ${step.request}`, step.marks && html("mark", {}, texts.lostAtThis)),
      html("p", {}, outcome(step)), explained && html("p", { class: "faint" }, explained)));
}

/** @param {Step} step */
function outcome(step) {
  const took = milliseconds(step.took * 1000), what = step.status === null ? step.error : String(step.status);
  if (step.status === null) return `${texts.silence(took)}${step.error && `: ${step.error}`}`;
  const answer = texts.answered(step.node || texts.theBalancer, what, took);
  const who = step.how === "ok" || step.who ? (step.who ? texts.takenFor(step.who) : "") : step.how === "refused" ? texts.takenForNobody : "";
  return [answer, who, step.error].filter(Boolean).join(", ");
}

/**
 * The way there above, the way back below; dashed where no answer came.
 * @param {Step} step
 * @param {number[]} places
 * @param {number | undefined} node where it is, if one answered
 * @param {boolean} store
 */
function arrows(step, places, node, store) {
  const [client, balancer] = places, far = node ?? balancer, back = step.status === null ? "lost" : step.how;
  const asks = node !== undefined && store && step.status !== null;
  return svg("svg", { class: "arrows", width: 2 * client * places.length, height: HEIGHT, "aria-hidden": "true" },
    ...places.map((x) => svg("line", { class: "life-line", x1: x, x2: x, y1: 0, y2: "100%" })),
    arrow(client, balancer, 14), node !== undefined && arrow(balancer, node, 14), asks && arrow(far, places[places.length - 1], 24, "ask"),
    step.pin && svg("text", { class: "pin", x: balancer, y: 29, "text-anchor": "middle" }, step.pin.slice(0, 2)),
    arrow(far, client, 37, back),
    svg("text", { class: `status ${back}`, x: (client + balancer) / 2, y: 32, "text-anchor": "middle" }, step.status === null ? "?" : String(step.status)));
}

/** @param {number} from @param {number} to @param {number} y @param {string} [name] */
function arrow(from, to, y, name = "") {
  const head = from < to ? -5 : 5;
  return svg("path", { class: `arrow ${name}`, d: `M${from} ${y}H${to}M${to + head} ${y - 4}L${to} ${y}L${to + head} ${y + 4}` });
}

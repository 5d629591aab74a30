/** What became of one user, request by request: client, balancer, node, store. */

import { html, svg } from "viewer/dom.js";
import { focusOn } from "viewer/keeping.js";
import { lossKey } from "viewer/lanes.js";
import { milliseconds, seconds } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {Loss, Step} from "viewer/types.js" */

const LINE = 74, HEIGHT = 48; // px between two participants, and of one request
const { client: CLIENT, balancer: BALANCER, store: STORE } = texts.participants;

/**
 * The dialog of the page, which is there once; it stays as it is while the page is drawn anew.
 * @returns {{element: HTMLDialogElement, open: (loss: Loss, store: boolean, key: string) => void}}
 */
export function storyDialog() {
  let opener = ""; // the button may be another one by the time the dialog is closed
  const element = html("dialog", { "aria-labelledby": "story-name", click: (/** @type {MouseEvent} */ event) => {
    if (event.target === element) element.close();
  }, close: () => focusOn(opener) });
  return {
    element,
    open(loss, store, key) {
      opener = `${key} ${lossKey(loss)}`;
      element.replaceChildren(...told(loss, store));
      element.showModal();
      element.scrollTop = 0;
    },
  };
}

/** @param {Loss} loss @param {boolean} store */
function told(loss, store) {
  const nodes = [...new Set([loss.home, ...loss.steps.map((step) => step.node)])].filter(Boolean);
  const parts = [CLIENT, BALANCER, ...nodes, ...(store ? [STORE] : [])];
  return [
    html("header", {}, html("h2", { id: "story-name" }, texts.story(texts.named(loss.user, loss.tab))),
      html("form", { method: "dialog" }, html("button", { class: "close" }, texts.close))),
    html("p", { class: "verdict" }, html("strong", {}, `✕ ${texts.lostAt(texts.fates[loss.fate], seconds(loss.at))}`), ` ${loss.why}`),
    html("p", {}, loss.home && texts.home(loss.home), loss.left_out > 0 && ` ${texts.leftOut(loss.left_out)}`),
    html("div", { class: "sequence", tabindex: 0, role: "group", "aria-label": texts.story(loss.user) },
      html("div", { class: "parts", "aria-hidden": "true" }, heads(parts)),
      html("ol", {}, ...loss.steps.map((step) => row(step, parts, store)))),
  ];
}

/** @param {string[]} parts */
function heads(parts) {
  return svg("svg", { width: parts.length * LINE, height: 26 }, ...parts.map((part, index) => svg("text", { x: place(index), y: 17, "text-anchor": "middle" },
    part.length > 10 ? `${part.slice(0, 9)}…` : part, svg("title", {}, part))));
}

/** @param {number} index */
const place = (index) => index * LINE + LINE / 2;

/** @param {Step} step @param {string[]} parts @param {boolean} store */
function row(step, parts, store) {
  return html("li", { class: step.marks ? "marks" : "" }, arrows(step, parts, store),
    html("div", { class: "words" },
      html("p", {}, html("time", {}, seconds(step.at)), " ", html("b", {}, step.what), step.request && ` ${step.request}`, step.marks && html("mark", {}, texts.lostAtThis)),
      html("p", {}, outcome(step)),
      (step.said || step.note) && html("p", { class: "faint" }, [step.pin && `${step.pin}: ${step.said}`, step.note].filter(Boolean).join(". "))));
}

/** @param {Step} step */
function outcome(step) {
  const took = milliseconds(step.took), what = step.status === null ? step.error : String(step.status);
  if (step.status === null) return `${texts.silence(took)}${step.error && `: ${step.error}`}`;
  const answer = texts.answered(step.node || texts.theBalancer, what, took);
  const who = step.how === "ok" || step.who ? (step.who ? texts.takenFor(step.who) : "") : step.how === "refused" ? texts.takenForNobody : "";
  return [answer, who, step.error].filter(Boolean).join(", ");
}

/**
 * The way there above, the way back below; dashed where no answer came.
 * @param {Step} step
 * @param {string[]} parts
 * @param {boolean} store
 */
function arrows(step, parts, store) {
  const node = step.node ? place(parts.indexOf(step.node)) : null, client = place(0), balancer = place(1);
  const far = node ?? balancer, lines = parts.map((_, index) => svg("line", { class: "life-line", x1: place(index), x2: place(index), y1: 0, y2: HEIGHT }));
  const back = step.status === null ? "lost" : step.how;
  const asks = node !== null && store && (step.status === null || step.note !== "" || step.how === "ok");
  return svg("svg", { class: "arrows", width: parts.length * LINE, height: HEIGHT, "aria-hidden": "true" }, ...lines,
    arrow(client, balancer, 14), node !== null && arrow(balancer, node, 14), asks && arrow(far, place(parts.length - 1), 24, "ask"),
    step.pin && svg("text", { class: "pin", x: balancer, y: 28, "text-anchor": "middle" }, step.pin),
    arrow(far, client, 36, back), svg("text", { class: `status ${back}`, x: (client + balancer) / 2, y: 31, "text-anchor": "middle" },
      step.status === null ? "?" : String(step.status)));
}

/** @param {number} from @param {number} to @param {number} y @param {string} [name] */
function arrow(from, to, y, name = "") {
  const head = from < to ? -5 : 5;
  return svg("path", { class: `arrow ${name}`, d: `M${from} ${y}H${to}M${to + head} ${y - 4}L${to} ${y}L${to + head} ${y + 4}` });
}

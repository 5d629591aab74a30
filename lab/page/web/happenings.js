/** Every request, newest first, with its way in time; and what befell the cluster between them. */

import { html } from "viewer/dom.js";
import { milliseconds, moment } from "viewer/scale.js";
import { panel } from "page/panel.js";
import { fill } from "page/morph.js";
import { on, state } from "page/net.js";
import { texts } from "page/texts.js";
import { glyph } from "page/travel.js";

/** @import {Happened, Link, Request} from "page/types.js" */

const words = texts.happenings;
const ROWS = 40, OFTEN = 200; // rows; ms between two drawings
const HOPS = /** @type {const} */ (["client", "balancer", "node", "store"]);

/** @param {HTMLElement} root @returns {() => void} ends it */
export function happenings(root) {
  /** @type {HTMLElement[]} newest first */
  let waiting = [];
  let planned = 0;
  const list = html("ol", { class: "rows", click: open }), none = html("p", { class: "faint" }, words.none);
  const newer = html("button", { type: "button", class: "newer", hidden: true, click: () => flush(true) });
  root.append(panel("happenings", words, newer, none, list));

  /** @param {HTMLElement} row */
  function add(row) {
    waiting = [row, ...waiting].slice(0, ROWS);
    planned ||= window.setTimeout(flush, OFTEN);
  }
  /** Whoever reads a row does not have it moved away. @param {boolean} [wanted] */
  function flush(wanted = false) {
    planned = 0;
    const reading = !wanted && (list.contains(document.activeElement) || list.querySelector("[aria-expanded=true]") !== null);
    newer.hidden = !reading || waiting.length === 0;
    newer.textContent = words.held(waiting.length);
    if (reading || waiting.length === 0) return;
    none.hidden = true;
    list.prepend(...waiting);
    waiting = [];
    while (list.children.length > ROWS) list.lastElementChild?.remove();
  }
  let lost = false;
  /** Not what happened meanwhile, but that it is not here. @param {Link} link */
  function linked(link) {
    if (link === "here" && lost) add(html("li", { class: "event-row" }, words.away));
    lost = link === "lost" || (lost && link !== "here");
  }
  const ends = [on("link", linked), on("request", (request) => add(row(request))), on("event", (event) => add(happened(event))), on("missed", ({ count }) => add(html("li", { class: "event-row" }, words.missed(count))))];
  return () => (clearTimeout(planned), ends.forEach((end) => end()));
}

/** @param {Event} event */
function open(event) {
  const button = /** @type {Element} */ (event.target).closest("button");
  const more = button?.nextElementSibling;
  if (!button || !(more instanceof HTMLElement)) return;
  more.hidden = !more.hidden;
  button.setAttribute("aria-expanded", String(!more.hidden));
}

/** @param {string} id */
const sideName = (id) => (state()?.clusters.length ?? 0) > 1 && html("b", { class: "side-name" }, id.toUpperCase());

/** @param {Happened} event */
const happened = (event) => html("li", { class: "event-row" }, html("time", {}, moment(event.at)), sideName(event.cluster), html("strong", {}, event.text || `${event.part} ${event.kind}`));

/** @param {Request} request */
function row(request) {
  const more = html("div", { class: "more", hidden: true });
  const button = html("button", { type: "button", "aria-expanded": "false", click: () => more.children.length || fill(more, ...details(request)) },
    html("time", {}, moment(request.at)), sideName(request.cluster), html("span", { class: "who" }, request.user || state()?.tabs.find(({ id }) => id === request.tab)?.user || words.stranger),
    html("span", { class: "what" }, `${request.method} ${request.path}`), html("span", { class: "by" }, `→ ${words.by(request.node)}`),
    html("span", { class: `status ${request.how}` }, glyph(request.how), String(request.status || "–")),
    html("span", { class: "row-why" }, (request.moved && request.pin_says) || request.reason || request.cut));
  return html("li", {}, button, more);
}

/** @param {Request} request */
function details(request) {
  const { hops, pin_says, credential, reason, cut, id } = request, all = hops.client ?? hops.balancer ?? request.seconds;
  const facts = /** @type {[string, string][]} */ ([[words.reason, reason], [words.cut, cut], [words.pin, pin_says], [words.credential, credential && words.presented(credential)], [words.id, id]]).filter(([, value]) => value);
  return [
    html("ul", { class: "hops" }, ...HOPS.map((hop) => {
      const took = hops[hop];
      return html("li", { class: took === null ? "faint" : "" }, html("span", {}, took === null ? words.unknown : milliseconds(took * 1000)), html("span", {}, words.hops[hop]), html("meter", { min: 0, max: all || 1, value: took ?? 0, "aria-hidden": "true" }));
    })),
    html("dl", {}, ...facts.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)])),
  ];
}

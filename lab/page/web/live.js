/** The screen of the clusters, alive: one sentence, who asks, what answers, what just happened. */

import { html } from "viewer/dom.js";
import { number } from "viewer/scale.js";
import { browsers } from "page/browsers.js";
import { glossary } from "page/glossary.js";
import { happenings } from "page/happenings.js";
import { history } from "page/history.js";
import { fill } from "page/morph.js";
import { on, state } from "page/net.js";
import { capital } from "page/say.js";
import { side } from "page/side.js";
import { texts } from "page/texts.js";
import { tourPlace } from "page/tour.js";
import { glyph } from "page/travel.js";

/** @import {Cluster, Rate, State} from "page/types.js" */
/** @import {Travelling} from "page/drawing.js" */

const words = texts.drawing;
const OUTCOMES = /** @type {const} */ (["ok", "refused", "failed", "unknown"]);

/** @param {HTMLElement} root */
export function main(root) {
  const sentence = html("h1", {}), visitors = browsers(), list = html("div", { class: "sides" });
  const sampled = html("span", { class: "sampled" });
  const stage = html("div", { class: "stage" }, visitors.element, list);
  const around = { over: stage, clients: visitors.all, from: (/** @type {Travelling} */ request) => visitors.of(request.tab ?? "") };
  /** @type {Map<string, ReturnType<typeof side>>} */
  const sides = new Map();
  root.append(sentence);
  tourPlace(root);
  root.append(stage, legend(sampled));

  /** @param {State} now */
  function show(now) {
    const ids = now.clusters.map(({ id }) => /** @type {string} */ (id));
    for (const id of ids) if (!sides.has(id)) sides.set(id, side(id, around));
    for (const [id, each] of sides) if (!ids.includes(id)) each.close(), sides.delete(id), each.element.remove();
    for (const { element } of sides.values()) if (!element.isConnected) list.lastElementChild?.before(element);
    stage.classList.toggle("two", ids.length > 1);
    const said = ids.length > 1 ? texts.setup.both(way(now.clusters[0]), way(now.clusters[1])) : capital(now.clusters[0]?.sentence ?? "") || texts.frame.empty;
    fill(sentence, said);
    document.title = `${said} – ${texts.frame.name}`;
    visitors.show(now);
    for (const each of sides.values()) each.show(now);
  }
  let calm = 0;
  /** @param {Rate} rate */
  function rated({ total, shown }) {
    if (shown >= total) return;
    sampled.textContent = words.sampled(number(shown), number(total));
    clearTimeout(calm);
    calm = window.setTimeout(() => (sampled.textContent = ""), 2500);
  }
  const ends = [on("state", show), on("request", (request) => sides.get(request.cluster)?.request(request)), on("rate", rated), happenings(list), history(root)];
  root.append(glossary());
  const now = state();
  if (now) show(now);
  else fill(sentence, texts.frame.loading);
  return () => (clearTimeout(calm), [...ends, ...[...sides.values()].map(({ close }) => close)].forEach((end) => end()));
}

/** How it keeps sessions. @param {Cluster} cluster */
function way({ strategy, affinity, app }) {
  const kept = texts.setup.ways[strategy] ?? (app || strategy);
  return affinity && affinity !== "none" ? texts.setup.sticky(kept) : kept;
}

/** @param {HTMLElement} sampled */
const legend = (sampled) => html("div", { class: "legend-of" }, html("ul", { class: "legend", "aria-label": words.legend }, ...OUTCOMES.map((how) => html("li", {}, glyph(how), words.outcomes[how]))), html("p", {}, words.slowed, " ", sampled));

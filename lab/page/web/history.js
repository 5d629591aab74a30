/** The panel below the cluster: the viewer of runs, fed with what happens now, while somebody looks at it. */

import { viewer } from "viewer/viewer.js";
import { html } from "viewer/dom.js";
import { wrong } from "page/dialog.js";
import { call, on, state } from "page/net.js";
import { panel } from "page/panel.js";
import { record } from "page/record.js";
import { texts } from "page/texts.js";

/** @import {State} from "page/types.js" */

const words = texts.depth.history, EACH = 2000, SHARE = 8; // ms between two; and this many times what the last one took

/**
 * @param {HTMLElement} root the panel is appended to it
 * @returns {() => void} ends it
 */
export function history(root) {
  const places = html("div", { class: "histories" });
  root.append(panel("history", texts.panels.history, places));
  /** @type {Map<string, ReturnType<typeof fed>>} */
  const feeds = new Map();
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) feeds.get(entry.target.getAttribute("data-cluster") ?? "")?.look(entry.isIntersecting);
  }, { rootMargin: "200px" });

  /** @param {State} now */
  function show(now) {
    for (const [id, feed] of feeds) if (!now.clusters.some((cluster) => cluster.id === id)) {
      feed.close();
      feeds.delete(id);
    }
    for (const { id } of now.clusters) if (!feeds.has(id)) {
      const feed = fed(id);
      feeds.set(id, feed);
      places.append(feed.element);
      seen.observe(feed.element);
    }
    for (const { id, strategy, affinity } of now.clusters) feeds.get(id)?.name(now.clusters.length > 1 ? texts.depth.cluster(id, strategy, affinity) : "", now.unable.record);
  }

  const now = state(), ends = [on("state", show), on("view", ({ cluster }) => feeds.get(cluster)?.newer())];
  if (now) show(now);
  return () => {
    seen.disconnect();
    for (const end of [...ends, ...[...feeds.values()].map((feed) => feed.close)]) end();
  };
}

/** One cluster's history, read again when there is more of it and somebody looks. @param {string} id */
function fed(id) {
  const name = html("h3", {}), place = html("div", { class: "viewer" }), said = html("p", { class: "faint" }, words.reading);
  const keep = html("button", { click: () => record(id) }, texts.depth.record.open), why = html("small", { id: `record-why-${id}` });
  const element = html("div", { "data-cluster": id }, name, html("p", { class: "row" }, keep, why), said, place), shown = viewer(place, { within: `history-${id}` });
  let looking = false, stale = true, timer = 0, reading = false;

  async function read() {
    timer = 0;
    if (!looking || !stale || reading) return;
    reading = true;
    stale = false;
    const began = performance.now();
    try {
      const page = await call("GET", `/view?cluster=${id}`);
      said.textContent = page.views.length === 0 ? words.none : "";
      shown.show(page);
    } catch (error) {
      said.textContent = wrong(error);
    }
    reading = false;
    again(Math.max(EACH, SHARE * (performance.now() - began)));
  }

  /** @param {number} ms */
  function again(ms) {
    if (!timer && looking && stale && !reading) timer = window.setTimeout(read, ms);
  }

  return {
    element,
    newer() {
      stale = true;
      again(EACH);
    },
    /** @param {boolean} now whether it is on the screen */
    look(now) {
      looking = now;
      again(0);
    },
    /** @param {string} title @param {string} unable why it cannot be recorded */
    name(title, unable) {
      name.textContent = title;
      name.hidden = !title;
      keep.setAttribute("aria-disabled", String(unable !== ""));
      keep.toggleAttribute("disabled", unable !== "");
      keep.setAttribute("aria-describedby", why.id);
      why.textContent = unable;
    },
    close() {
      clearTimeout(timer);
      looking = false;
      shown.close();
      element.remove();
    },
  };
}

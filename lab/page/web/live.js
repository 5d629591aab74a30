/** The screen of the cluster, alive. */

import { html } from "viewer/dom.js";
import { drawing } from "page/drawing.js";
import { history } from "page/history.js";
import { on, state } from "page/net.js";
import { tourPlace } from "page/tour.js";

/** @import {State} from "page/types.js" */

/** @param {HTMLElement} root */
export function main(root) {
  const stage = html("div", { class: "stage" }), drawn = drawing(stage);
  const show = (/** @type {State} */ now) => now.clusters[0] && drawn.cluster(now.clusters[0]);
  tourPlace(root);
  root.append(stage);
  const ends = [on("state", show), on("request", (request) => drawn.request(request)), history(root), drawn.close];
  const now = state();
  if (now) show(now);
  return () => ends.forEach((end) => end());
}

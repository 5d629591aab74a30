/** A cluster as it is now, with the requests that travel through it. */

import { html } from "viewer/dom.js";

/** @import {Cluster, Request} from "page/types.js" */
/**
 * What must be known of a cluster to draw it; a story knows less than the state does.
 * @typedef {Partial<Cluster> & Pick<Cluster, "strategy" | "algorithm" | "affinity" | "parts">} Drawn
 * @typedef {Partial<Request> & Pick<Request, "node" | "how" | "status" | "method" | "path" | "user">} Travelling
 * @typedef {{
 *   cluster: (cluster: Drawn) => void,
 *   request: (request: Travelling) => void,
 *   close: () => void,
 * }} Drawing `cluster` draws it (again, whenever it has changed), `request` sends one on its way
 *   (after `cluster`; too many at once are left out), `close` ends all movement
 */

/**
 * @param {HTMLElement} root what is drawn is put into it
 * @param {{from?: (request: Travelling) => Element | null, act?: (part: string, at: HTMLElement) => void}} [with_]
 *   `from`: where a request starts, else at the drawing's own clients; `act`: a part was clicked
 * @returns {Drawing}
 */
export function drawing(root, with_ = {}) {
  void with_;
  const box = html("div", { class: "drawing" });
  root.append(box);
  return {
    cluster: (cluster) => box.replaceChildren(...cluster.parts.map((part) => html("div", { class: "box" }, part.name))),
    request: () => {},
    close: () => box.remove(),
  };
}

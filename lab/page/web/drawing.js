/** A cluster as it is now, with the requests that travel through it. */

import { html, svg } from "viewer/dom.js";
import { patterns } from "viewer/palette.js";
import { colour, columns } from "page/boxes.js";
import { says } from "page/glossary.js";
import { fill } from "page/morph.js";
import { texts } from "page/texts.js";
import { traveller } from "page/travel.js";
import { way } from "page/ways.js";

/** @import {Cluster, Request} from "page/types.js" */
/** @import {Leg} from "page/travel.js" */
/**
 * What must be known of a cluster to draw it; a story knows less than the state does.
 * @typedef {Partial<Cluster> & Pick<Cluster, "strategy" | "algorithm" | "affinity" | "parts"> & {users?: string[]}} Drawn
 *   `users` who have asked already, where the drawing makes its own clients
 * @typedef {Partial<Request> & Pick<Request, "node" | "how" | "status" | "method" | "path" | "user"> & {direct?: boolean}} Travelling
 *   `direct`: past the balancer
 * @typedef {{
 *   cluster: (cluster: Drawn) => void,
 *   request: (request: Travelling) => void,
 *   close: () => void,
 * }} Drawing `cluster` draws it (again, whenever it has changed), `request` sends one on its way
 *   (after `cluster`; too many at once are left out), `close` ends all movement
 */
/**
 * @typedef {{over?: HTMLElement, from?: (request: Travelling) => HTMLElement | null,
 *   clients?: () => HTMLElement[], acts?: boolean}} Around
 *   `over`: what the movement lies over, else the drawing; `from`: where a request starts, and
 *   `clients`: all such places, else the drawing makes its own; `acts`: names are buttons (data-do)
 */

const words = texts.drawing;
const CLIENTS = 10;

/**
 * @param {HTMLElement} root what is drawn is put into it
 * @param {Around} [around]
 * @returns {Drawing}
 */
export function drawing(root, around = {}) {
  const over = around.over ?? root, box = html("div", { class: "drawing" });
  const edges = svg("svg", { class: "edges", "aria-hidden": "true" }), layer = html("div", { class: "marks-layer", "aria-hidden": "true" });
  const moving = traveller(layer);
  /** @type {Map<string, HTMLElement>} */
  let parts = new Map();
  /** @type {string[]} */
  let users = [];
  /** @type {Drawn | null} */
  let shown = null;
  let planned = 0;
  over.classList.add("under-way");
  root.append(box);
  over.prepend(edges);
  over.append(layer);
  const plan = () => (planned ||= requestAnimationFrame(() => ((planned = 0), lay())));
  const watch = new ResizeObserver(plan);
  watch.observe(over);
  watch.observe(box);

  /** @param {Drawn} cluster */
  function cluster(cluster) {
    shown = cluster;
    users = [...new Set([...users, ...(cluster.users ?? [])])];
    const nodes = cluster.parts.filter((part) => part.kind === "node");
    fill(box, patterns(Math.max(0, ...nodes.map((node, place) => colour(node, place) + 1))), around.from ? null : own(), ...columns(cluster, around.acts ?? false));
    parts = new Map([...box.querySelectorAll("[data-part]")].map((each) => [each.getAttribute("data-part") ?? "", /** @type {HTMLElement} */ (each)]));
    box.classList.toggle("stores", parts.has("redis"));
    box.classList.toggle("crowded", nodes.length > 8);
    plan();
  }

  const own = () => html("div", { class: "column clients", "data-key": "clients" }, html("h3", {}, words.clients), says(words.clientsAre),
    html("ul", { "aria-label": words.clients }, ...users.slice(0, CLIENTS).map((user) => html("li", { class: "part client", "data-key": user, "data-part": `client ${user}` }, user || words.somebody)),
      (users.length === 0 || users.length > CLIENTS) && html("li", { class: "part client", "data-key": " more", "data-part": "client" }, users.length ? words.more(users.length - CLIENTS) : words.nobodyYet)));

  /** @param {Travelling} request */
  function start(request) {
    if (around.from) return around.from(request);
    if (!users.includes(request.user) && shown) {
      users = [...users, request.user];
      cluster(shown);
    }
    return parts.get(`client ${request.user}`) ?? parts.get("client") ?? null;
  }

  /** @param {Travelling} request */
  function request(request) {
    const from = start(request), balancer = request.direct ? undefined : parts.get("balancer"), node = parts.get(request.node), store = parts.get("redis");
    if (!from?.isConnected || !(balancer ?? node)) return;
    const before = balancer ? [balancer] : [];
    const there = [from, ...before, ...(node ? [node, ...(store && shown?.strategy !== "memory" && (!request.hops || request.hops.store !== null) ? [store, node] : [])] : [])];
    const back = [...(node ? before : []), from], frame = over.getBoundingClientRect();
    const order = [from, balancer, node, store];
    /** @type {Leg[]} */
    const legs = [...there, ...back].slice(1).map((to, index, all) => {
      const came = index ? all[index - 1] : from, forth = order.indexOf(came) < order.indexOf(to), { points } = forth ? way(came, to, frame) : way(to, came, frame);
      return { to, points: forth ? points : points.toReversed() };
    });
    moving.send({ legs, turn: there.length - 1, how: request.how, going: `${request.method} ${request.path}`, coming: String(request.status || words.noAnswer) });
  }

  /** The lines between the boxes, anew where they are now. */
  function lay() {
    const balancer = parts.get("balancer"), store = parts.get("redis"), frame = over.getBoundingClientRect();
    if (!box.isConnected) return;
    const many = box.classList.contains("crowded"), block = box.querySelector(".nodes-here ul");
    const nodes = /** @type {HTMLElement[]} */ (many && block ? [block] : [...box.querySelectorAll(".node")]);
    const clients = around.clients?.() ?? /** @type {HTMLElement[]} */ ([...box.querySelectorAll(".client")]);
    const pairs = [...clients.flatMap((one) => (balancer ? [balancer] : nodes).map((to) => [one, to])), ...(balancer ? nodes.map((one) => [balancer, one]) : []), ...(store ? nodes.map((one) => [one, store]) : [])];
    edges.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    fill(edges, ...pairs.map(([a, b]) => svg("path", { d: way(a, b, frame).line, class: a.matches(".gone, .down") || b.matches(".gone, .down") ? "cut" : "" })));
  }

  return { cluster, request, close: () => (watch.disconnect(), cancelAnimationFrame(planned), moving.close(), edges.remove(), layer.remove(), box.remove()) };
}

/** The page: its frame, and the screen that the address names. */

import { html } from "viewer/dom.js";
import { main as live } from "page/live.js";
import { fill } from "page/morph.js";
import { connect, linked, on, state, takeToken } from "page/net.js";
import { parts } from "page/part.js";
import { record } from "page/record.js";
import { saying } from "page/say.js";
import { texts } from "page/texts.js";
import { tour } from "page/tour.js";

/**
 * A screen fills its root and returns what ends it. Those of stories are loaded when they are asked for.
 * @typedef {(root: HTMLElement, name: string) => () => void} Screen
 */
/** @type {[RegExp, () => Screen | Promise<Screen>][]} */
const ROUTES = [
  [/^#\/stories$/, () => import("page/stories.js").then(({ stories }) => stories)],
  [/^#\/story\/([\w-]+)$/, () => import("page/player.js").then(({ story }) => story)],
  [/^/, () => live],
];

const words = texts.frame;
const root = html("main", { id: "main", tabindex: -1 }), menu = html("nav", { "aria-label": words.menu }), tools = html("div", { class: "tools" }), trouble = html("div", { class: "trouble", role: "alert" });
let end = () => {}, shown = "";

async function route() {
  if (takeToken()) connect();
  const at = location.hash;
  if (shown === at || linked() === "stranger") return;
  shown = at;
  const [pattern, made] = /** @type {typeof ROUTES[0]} */ (ROUTES.find(([one]) => one.test(at)));
  const screen = await made();
  if (shown !== at) return; // somebody was faster
  end();
  root.replaceChildren();
  window.scrollTo(0, 0);
  end = screen(root, decodeURIComponent(pattern.exec(at)?.[1] ?? ""));
  frame();
}

/** What stands around every screen. */
function frame() {
  const here = /^#\/stor/.test(location.hash) ? "#/stories" : "#/", unable = state()?.unable;
  const link = (/** @type {string} */ to, /** @type {string} */ text) => html("a", { href: to, "aria-current": to === here ? "page" : null }, text);
  fill(menu, link("#/", words.live), link("#/stories", words.stories));
  fill(tools, html("span", { class: `link-state ${linked().replace(" ", "-")}` }, words.links[linked()] ?? ""),
    html("button", { type: "button", "aria-disabled": unable?.record ? "true" : null, title: unable?.record }, words.record), html("button", { type: "button" }, words.tour));
}

/** The connection is lost, the address is an old one, or the server another: one sentence each. */
function linking() {
  const link = linked();
  document.body.dataset.link = link.replace(" ", "-");
  frame();
  fill(trouble, link === "lost" && html("p", {}, words.lost), link === "other version" && html("p", {}, words.otherVersion));
  if (link !== "stranger") return void route();
  end();
  [end, shown] = [() => {}, ""];
  root.replaceChildren(html("h1", {}, words.stranger), html("p", { class: "says" }, words.strangerMore));
}

tools.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("button");
  if (!button || button.getAttribute("aria-disabled")) return;
  if (button === tools.lastElementChild) tour();
  else record("a");
});
document.body.replaceChildren(html("a", { class: "skip", href: "#main", click: skip }, words.skip), html("header", { class: "top" }, html("a", { class: "brand", href: "#/" }, words.name), menu, tools), trouble, root, saying(), parts());
/** The address is the route's. @param {Event} event */
function skip(event) {
  event.preventDefault();
  root.focus();
}
takeToken();
on("link", linking);
on("state", frame);
connect();
window.addEventListener("hashchange", route);
route();

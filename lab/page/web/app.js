/** The page: its frame, and the screen that the address names. */

import { html } from "viewer/dom.js";
import { main as live } from "page/live.js";
import { call, connect, on, takeToken } from "page/net.js";
import { texts } from "page/texts.js";

/**
 * A screen fills its root and returns what ends it. Those of stories are loaded when they are asked for.
 * @typedef {(root: HTMLElement, name: string) => () => void} Screen
 */
/** What the stories ask of the server. @type {import("page/stories.js").Api} */
const api = { get: (path) => call("GET", path), post: (path, body) => call("POST", path, body), hear: (event, heard) => on(/** @type {"telling"} */ (event), heard) };
/** @type {[RegExp, () => Screen | Promise<Screen>][]} */
const ROUTES = [
  [/^#\/stories$/, () => import("page/stories.js").then(({ stories }) => (root) => stories(root, api))],
  [/^#\/story\/([\w-]+)$/, () => import("page/player.js").then(({ story }) => (root, name) => story(root, api, name))],
  [/^/, () => live],
];

const root = html("main", { id: "main", tabindex: -1 });
let end = () => {};
let shown = "";

async function route() {
  if (takeToken()) connect();
  if (shown === location.hash) return;
  shown = location.hash;
  const [pattern, made] = /** @type {typeof ROUTES[0]} */ (ROUTES.find(([one]) => one.test(location.hash)));
  const screen = await made(), name = pattern.exec(location.hash)?.[1] ?? "";
  end();
  root.replaceChildren();
  end = screen(root, decodeURIComponent(name));
}

document.body.append(html("header", { class: "top" }, html("a", { href: "#/" }, texts.frame.name), html("nav", { "aria-label": texts.frame.menu }, html("a", { href: "#/" }, texts.frame.live), html("a", { href: "#/stories" }, texts.frame.stories))), root);
takeToken();
on("link", (link) => (document.body.dataset.link = link));
connect();
window.addEventListener("hashchange", route);
route();

/** The list of stories, `#/stories`. */

import { html } from "viewer/dom.js";
import { wrong } from "page/dialog.js";
import { call } from "page/net.js";
import { texts } from "page/texts.js";

/** @import {Story} from "page/types.js" */

/**
 * Fills `root`; the router calls what is returned before it shows something else.
 * @param {HTMLElement} root
 * @returns {() => void}
 */
export function stories(root) {
  const list = html("ol", { class: "stories" }, html("li", { class: "faint" }, texts.stories.reading));
  root.append(html("h1", {}, texts.stories.title), html("p", {}, texts.stories.says), list);
  call("GET", "/stories").then((/** @type {Story[]} */ all) => list.replaceChildren(...all.map(entry)), (error) => list.replaceWith(trouble(error)));
  return () => {};
}

/** @param {Story} story */
function entry({ name, title, about, slow, why_not }) {
  const [first, plot = first] = about.split(/\n\s*\n/); // the first says what the title says
  return html("li", { class: why_not ? "cannot" : "" },
    html("h2", {}, why_not ? title : html("a", { href: `#/story/${encodeURIComponent(name)}` }, title), slow && html("small", {}, texts.stories.slow)),
    html("p", {}, ...coded(plot)), why_not && html("p", { class: "why" }, texts.stories.cannot(why_not)));
}

/** Text in which `this` is code. @param {string} text */
export const coded = (text) => text.split("`").map((part, index) => (index % 2 ? html("code", {}, part) : part));

/** What was refused, in words. @param {unknown} error */
export const trouble = (error) => html("p", { class: "bad", role: "alert" }, wrong(error));

/** The list of stories, `#/stories`. */

import { html } from "viewer/dom.js";
import { texts } from "page/texts.js";

/** @import {Story} from "page/types.js" */
/**
 * What the stories' screens ask of `net.js`: `get` and `post` answer the body, and throw what has
 * the Problem (RFC 9457) of an answer that is none; `hear` calls back with the data of that event
 * of the stream, and returns what ends it.
 * @typedef {object} Api
 * @property {(path: string) => Promise<any>} get as in `get("/stories")`
 * @property {(path: string, body: object) => Promise<any>} post
 * @property {(event: string, heard: (data: any) => void) => () => void} hear
 */

/**
 * Fills `root`; the router calls what is returned before it shows something else.
 * @param {HTMLElement} root
 * @param {Api} api
 * @returns {() => void}
 */
export function stories(root, api) {
  const list = html("ol", { class: "stories" }, html("li", { class: "faint" }, texts.stories.reading));
  root.append(html("h1", {}, texts.stories.title), html("p", {}, texts.stories.says), list);
  api.get("/stories").then((/** @type {Story[]} */ all) => list.replaceChildren(...all.map(entry)), (error) => list.replaceWith(trouble(error)));
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

/** What was refused, in words. @param {any} error */
export function trouble(error) {
  const { detail = String(error), hint = "" } = error.problem ?? {};
  return html("p", { class: "bad", role: "alert" }, [detail, hint].filter(Boolean).join("; "));
}

/** A part of the screen: its name, one plain sentence, what is in it. */

import { html } from "viewer/dom.js";
import { says as plainly } from "page/glossary.js";

/** @import {Child} from "viewer/dom.js" */

/**
 * @param {string} id also a class, and where a link may lead
 * @param {{title: string, says: string}} words from texts.panels
 * @param {Child[]} children
 */
export function panel(id, { title, says }, ...children) {
  return html("section", { id, class: `panel ${id}`, "aria-labelledby": `${id}-title` },
    html("header", {}, html("h2", { id: `${id}-title` }, title), plainly(says)), ...children);
}

/** The list of stories. */

import { html } from "viewer/dom.js";
import { texts } from "page/texts.js";

/** @param {HTMLElement} root */
export function stories(root) {
  root.append(html("h1", {}, texts.stories.title));
  return () => {};
}

/** One story, told. */

import { html } from "viewer/dom.js";

/** @param {HTMLElement} root @param {string} name */
export function story(root, name) {
  root.append(html("h1", {}, name));
  return () => {};
}

/** A dialog that is there as long as it is open; the focus goes back to where it came from. */

import { html } from "viewer/dom.js";
import { Refused } from "page/net.js";
import { reason } from "page/say.js";
import { texts } from "page/texts.js";

/** @import {Child} from "viewer/dom.js" */

let count = 0;

/**
 * @param {string} title
 * @param {string} kind a class
 * @returns {{element: HTMLDialogElement, body: HTMLElement}} opened, with nothing in its body yet
 */
export function dialog(title, kind) {
  const id = `dialog-${++count}`, body = html("div", { class: "body" });
  const opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  const element = html("dialog", { class: kind, "aria-labelledby": id, click: (/** @type {MouseEvent} */ event) => {
    if (event.target === element) element.close();
  }, close: () => {
    element.remove();
    opener?.focus();
  } }, html("header", { role: "presentation" }, html("h2", { id }, title), html("form", { method: "dialog" }, html("button", { type: "submit", class: "close" }, texts.depth.close))), body);
  document.body.append(element);
  element.showModal();
  return { element, body };
}

/** What went wrong, in words. @param {unknown} error */
export function wrong(error) {
  if (error instanceof Refused) return reason(error);
  return error instanceof Error ? error.message : String(error);
}

/**
 * A field with its name, and a place for what is wrong with it.
 * @param {string} name
 * @param {HTMLElement} input
 * @param {string} [hint]
 */
export function field(name, input, hint = "") {
  const id = `field-${++count}`, message = html("p", { id: `${id}-wrong`, class: "bad wrong", role: "alert" });
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-wrong`);
  return {
    element: html("div", { class: "field" }, html("label", { for: id }, name, hint && html("small", {}, ` (${hint})`)), input, message),
    /** @param {string} said "" for nothing */
    wrong(said) {
      message.textContent = said;
      input.toggleAttribute("aria-invalid", said !== "");
      if (said) input.setAttribute("aria-invalid", "true");
    },
  };
}

/** A text that can be copied. @param {string} text @param {string} name */
export function copyable(text, name) {
  const copy = html("button", { click: async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = texts.depth.copied;
  } }, texts.depth.copy);
  return html("div", { class: "again" }, html("pre", { tabindex: 0, "aria-label": name, role: "group" }, html("code", {}, text)), navigator.clipboard && /** @type {Child} */ (copy));
}

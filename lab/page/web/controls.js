/** Buttons and fields that say why they cannot be used, or what is wrong with what was typed. */

import { html } from "viewer/dom.js";
import { field, reason } from "page/say.js";

/** @import {Attributes} from "viewer/dom.js" */

/**
 * @param {string} does
 * @param {string} label
 * @param {Attributes & {why?: string}} [with_] `why`: it cannot be done, greyed
 */
export function button(does, label, { why = "", ...with_ } = {}) {
  return html("button", { type: "button", "data-do": does, ...with_, "aria-disabled": why ? "true" : null, title: why || with_.title }, label, why && html("span", { class: "hidden" }, `: ${why}`));
}

/** A field under its label, with a place for what is wrong. @param {string} label @param {HTMLInputElement | HTMLSelectElement} input */
export const labelled = (label, input) => html("label", { class: "labelled" }, html("span", {}, label), input);

/**
 * Says beside its field what was wrong with it, or else at the end of the form.
 * @param {HTMLFormElement} form
 * @param {unknown} error null takes it back
 */
export function complain(form, error) {
  for (const each of form.querySelectorAll(".wrong")) each.remove();
  for (const each of form.querySelectorAll("[aria-invalid]")) for (const name of ["aria-invalid", "aria-describedby"]) each.removeAttribute(name);
  if (error === null) return;
  const input = form.elements.namedItem(field(error) || " "), id = `wrong-${form.id}`, said = html("p", { class: "wrong", id, role: "alert" }, reason(error));
  if (!(input instanceof HTMLElement)) return void form.append(said);
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", id);
  (input.closest(".labelled") ?? input).after(said);
  input.focus();
}

/** What is said to who looks and to who listens: short, and one at a time. */

import { html } from "viewer/dom.js";
import { Refused } from "page/net.js";

const region = html("p", { class: "said", role: "status", "aria-live": "polite" });
let gone = 0;

/** Where it is said: once, in the frame. */
export const saying = () => region;

/** For who listens: who looks sees it already. @param {string} text */
export function hear(text) {
  if (!region.classList.contains("shown")) region.textContent = text;
}

/** @param {string} text @param {boolean} [wrong] */
export function say(text, wrong = false) {
  region.textContent = text;
  region.className = wrong ? "said wrong shown" : "said shown";
  clearTimeout(gone);
  gone = window.setTimeout(() => region.classList.remove("shown"), 5000 + 60 * text.length);
}

/** With a capital letter, unless it begins with a name. @param {string} sentence */
export const capital = (sentence) => sentence.replace(/^[a-z]+(?= )/, (word) => word.charAt(0).toUpperCase() + word.slice(1));

/** What went wrong, in one sentence with the way out. @param {unknown} error */
export function reason(error) {
  if (!(error instanceof Refused)) throw error;
  const { title, detail, hint } = error.problem;
  return [detail || title, hint].filter(Boolean).map((text) => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, ".")).join(" ");
}

/** The field that is wrong, "" where it is none. @param {unknown} error */
export const field = (error) => (error instanceof Refused ? error.problem.field : "");

/** Words of the field, explained where they stand. */

import { html } from "viewer/dom.js";
import { texts } from "page/texts.js";

const { words } = texts.depth, EDGE = 8; // px that stay free beside the explanation

const note = html("span", { id: "word", class: "note-of-word", popover: "auto", role: "note" });

/**
 * A word with its explanation behind it, for a click or a key; a word that is not explained is itself.
 * It may stand in what is drawn anew (`fill`): the document listens.
 * @param {string} word
 * @param {string} [shown] another form of it
 * @returns {Node | string}
 */
export function term(word, shown = word) {
  if (!Object.hasOwn(words, word)) return shown;
  return html("span", { class: "termed", "data-key": `${word} ${shown}`, "data-own": true }, html("button", { type: "button", class: "term", "data-word": word, popovertarget: note.id }, shown));
}

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("button.term") : null;
  if (!(button instanceof HTMLElement)) return;
  if (button.nextElementSibling !== note) button.after(note);
  note.textContent = words[button.dataset.word ?? ""];
  requestAnimationFrame(() => place(note, button.getBoundingClientRect())); // once the browser has opened it
});

/** A text in which `[words]` stand that are explained; `[word|form]` is shown in another form. @param {string} text */
export function explained(text) {
  return text.split(/\[([^\]]+)\]/).map((part, index) => {
    const [word, shown] = part.split("|");
    return index % 2 === 1 ? term(word, shown) : part;
  });
}

/** One plain sentence on what stands below it. @param {string} text */
export const says = (text) => html("p", { class: "says" }, ...explained(text));

/** Below the word, or above it where there is no room. @param {HTMLElement} note @param {DOMRect} word */
function place(note, word) {
  const { width, height } = note.getBoundingClientRect(), { clientWidth, clientHeight } = document.documentElement;
  const below = word.bottom + 4 + height < clientHeight ? word.bottom + 4 : word.top - 4 - height;
  note.style.left = `${Math.max(EDGE, Math.min(word.left, clientWidth - width - EDGE))}px`;
  note.style.top = `${Math.max(EDGE, below)}px`;
}

/** All of them, as a list. */
export function glossary() {
  const list = Object.entries(words).flatMap(([word, means]) => [html("dt", {}, word), html("dd", {}, means)]);
  return html("details", { class: "glossary" }, html("summary", {}, texts.depth.glossary), html("dl", {}, ...list));
}

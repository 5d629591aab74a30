/** The viewer: `show` draws a page, and draws it anew when there is more of it. */

import { compared } from "viewer/comparison.js";
import { html } from "viewer/dom.js";
import { keeping } from "viewer/keeping.js";
import { nodesOf } from "viewer/load.js";
import { patterns } from "viewer/palette.js";
import { SECTIONS, remarks } from "viewer/sections.js";
import { storyDialog } from "viewer/story.js";
import { texts } from "viewer/texts.js";

/** @import {Page, View} from "viewer/types.js" */

const SCHEMA = 1, LONG = 120; // letters of a sentence, for which large ones are too many
const dialog = storyDialog();
const header = html("header", { class: "head" }), outline = html("nav", { class: "outline", "aria-label": texts.outline });
const main = html("main", { id: "main", tabindex: -1 }), footer = html("footer", {});
/** @type {Map<string, {of: string, drawn: HTMLElement}>} */
let articles = new Map();
/** @type {Page | null} */
let shown = null;
let width = 0;

/**
 * The open dialog, the focus, open tables and the place on the page stay as they are.
 * @param {Page} page
 */
export function show(page) {
  if (shown === null) begin();
  shown = page;
  keeping(main, () => draw(page));
}

function begin() {
  document.body.replaceChildren(html("a", { class: "skip", href: "#main" }, texts.skip), header, outline, main, footer, dialog.element);
  width = Math.floor(main.clientWidth);
  new ResizeObserver(() => requestAnimationFrame(() => {
    if (Math.floor(main.clientWidth) === width || !shown) return;
    width = Math.floor(main.clientWidth);
    articles = new Map();
    show(shown);
  })).observe(main);
}

/** @param {Page} page */
function draw(page) {
  document.title = page.sentence || page.title;
  const several = page.views.length > 1, inner = width - (several ? 2 : 0);
  header.replaceChildren(html("p", { class: "kind" }, [page.views[0] && texts.kinds[page.views[0].kind], page.title].filter(Boolean).join(" · ")),
    html("h1", { class: page.sentence.length > LONG ? "long" : "" }, page.schema > SCHEMA ? texts.tooNew(page.schema) : page.sentence || texts.nothing));
  footer.replaceChildren(texts.madeBy(page.sessionlab));
  if (page.schema > SCHEMA) return;
  const before = articles;
  articles = new Map(page.views.map((view, index) => [`s${index}`, article(view, `s${index}`, several, inner, before.get(`s${index}`))]));
  outline.replaceChildren(...(several ? [stories(page)] : []));
  outline.hidden = !several;
  const nodes = Math.max(0, ...page.views.map((view) => nodesOf(view).length));
  main.replaceChildren(patterns(nodes), ...(page.comparison ? [compared(page.comparison, page.views, width)] : []), ...[...articles.values()].map(({ drawn }) => drawn));
}

/** @param {Page} page */
function stories({ views, comparison }) {
  const names = comparison ? [texts.side("A", comparison.a), texts.side("B", comparison.b)] : [];
  return html("ul", {}, ...views.map((view, index) => html("li", {}, html("a", { href: `#s${index}`, "data-keep": `story ${index}` },
    html("b", {}, names[index] ?? view.name), html("span", { class: view.outcome === "held" ? "good" : "bad" }, texts.status[view.outcome] ?? view.outcome),
    html("span", {}, view.sentence)))));
}

/**
 * One story; nothing is drawn again that is as it was.
 * @param {View} view
 * @param {string} key
 * @param {boolean} several
 * @param {number} inner
 * @param {{of: string, drawn: HTMLElement}} [before]
 */
function article(view, key, several, inner, before) {
  const of = JSON.stringify(view);
  if (before?.of === of) return before;
  const level = several ? "h3" : "h2";
  const sections = SECTIONS.map(([name, made], index) => {
    const children = made(view, { width: inner, open: (loss, store) => dialog.open(loss, store, key) }).filter(Boolean);
    const id = `${key}-${index}`;
    return children.length > 0 && html("section", { "data-section": id, "aria-labelledby": !several && id }, html(level, { id }, name), ...children);
  });
  const head = several && html("header", { "data-section": key }, html("p", { class: "kind" }, [view.name, view.title].filter(Boolean).join(" · ")), html("h2", { id: key }, view.sentence));
  const drawn = html("article", { class: several ? "one-of" : "", "aria-labelledby": several && key }, head, remarks("cut", view.cut), ...sections);
  for (const each of drawn.querySelectorAll("[data-keep]")) each.setAttribute("data-keep", `${key} ${each.getAttribute("data-keep")}`);
  return { of, drawn };
}

/** The viewer: `viewer(root)` draws a page there, and draws it anew when there is more of it. */

import { compared } from "viewer/comparison.js";
import { html } from "viewer/dom.js";
import { keeping } from "viewer/keeping.js";
import { nodesOf } from "viewer/load.js";
import { patterns } from "viewer/palette.js";
import { SECTIONS, remarks } from "viewer/sections.js";
import { storyDialog } from "viewer/story.js";
import { texts } from "viewer/texts.js";

/** @import {Page, View} from "viewer/types.js" */
/** @typedef {{show: (page: Page) => void, close: () => void}} Viewer */
/** @typedef {{within?: string}} Mount a name for it: it is a part of somebody's page, whose title and head it leaves alone */
/** @typedef {{of: string, drawn: HTMLElement}} Drawn */

const SCHEMA = 1, LONG = 120; // letters of a sentence, for which large ones are too many

/**
 * What is in `root` is the viewer's from then on. `show` keeps the open dialog, the focus, open tables and the
 * place on the page; what has no width yet is drawn once it has one. `close` takes all of it away.
 * @param {HTMLElement} root
 * @param {Mount} [mount]
 * @returns {Viewer}
 */
export function viewer(root, { within = "" } = {}) {
  const prefix = within && `${within}-`, main = html(within ? "div" : "main", { id: `${prefix}main`, tabindex: within ? null : -1 });
  const header = html("header", { class: "head" }), footer = html("footer", {}), outline = html("nav", { class: "outline", "aria-label": texts.outline });
  const dialog = storyDialog(root, prefix);
  /** @type {Map<string, Drawn>} */
  let articles = new Map();
  /** @type {Page | null} */
  let shown = null;
  root.replaceChildren(...(within ? [outline, main] : [html("a", { class: "skip", href: "#main" }, texts.skip), header, outline, main, footer]), dialog.element);
  let width = Math.floor(main.clientWidth);
  const resized = new ResizeObserver(() => requestAnimationFrame(() => {
    const now = Math.floor(main.clientWidth);
    if (now === width || now === 0) return;
    width = now;
    articles = new Map();
    if (shown) show(shown);
  }));
  resized.observe(main);

  /** @param {Page} page */
  function show(page) {
    shown = page;
    if (width > 0) keeping(root, () => draw(page));
  }

  /** @param {Page} page */
  function draw(page) {
    const several = page.views.length > 1, inner = width - (several ? 2 : 0), tooNew = page.schema > SCHEMA && texts.tooNew(page.schema);
    if (!within) headed(page, tooNew);
    if (tooNew) return main.replaceChildren(html("p", {}, tooNew));
    const before = articles;
    articles = new Map(page.views.map((view, index) => [`${prefix}s${index}`, article(view, `${prefix}s${index}`, several, inner, before.get(`${prefix}s${index}`))]));
    outline.replaceChildren(...(several ? [stories(page, prefix)] : []));
    outline.hidden = !several;
    const nodes = Math.max(0, ...page.views.map((view) => nodesOf(view).length));
    main.replaceChildren(patterns(nodes), ...(page.comparison ? [compared(page.comparison, page.views, width)] : []), ...[...articles.values()].map(({ drawn }) => drawn));
  }

  /** @param {Page} page @param {string | false} tooNew */
  function headed(page, tooNew) {
    document.title = page.sentence || page.title;
    header.replaceChildren(html("p", { class: "kind" }, [page.views[0] && texts.kinds[page.views[0].kind], page.title].filter(Boolean).join(" · ")),
      html("h1", { class: page.sentence.length > LONG ? "long" : "" }, tooNew || page.sentence || texts.nothing));
    footer.replaceChildren(texts.madeBy(page.sessionlab));
  }

  /**
   * One story; nothing is drawn again that is as it was.
   * @param {View} view
   * @param {string} key
   * @param {boolean} several
   * @param {number} width
   * @param {Drawn} [before]
   */
  function article(view, key, several, width, before) {
    const of = JSON.stringify(view);
    if (before?.of === of) return before;
    const level = several || within ? "h3" : "h2";
    const sections = SECTIONS.map(([name, made], index) => {
      const children = made(view, { width, open: (loss, store) => dialog.open(loss, store, key) }).filter(Boolean);
      const id = `${key}-${index}`;
      return children.length > 0 && html("section", { "data-section": id, "aria-labelledby": !several && id }, html(level, { id }, name), ...children);
    });
    const head = several && html("header", { "data-section": key }, html("p", { class: "kind" }, [view.name, view.title].filter(Boolean).join(" · ")), html("h2", { id: key }, view.sentence));
    const drawn = html("article", { class: several ? "one-of" : "", "aria-labelledby": several && key }, head, remarks("cut", view.cut), ...sections);
    for (const each of drawn.querySelectorAll("[data-keep]")) each.setAttribute("data-keep", `${key} ${each.getAttribute("data-keep")}`);
    return { of, drawn };
  }

  return { show, close: () => {
    resized.disconnect();
    root.replaceChildren();
  } };
}

/** @param {Page} page @param {string} prefix */
function stories({ views, comparison }, prefix) {
  const names = comparison ? [texts.side("A", comparison.a), texts.side("B", comparison.b)] : [];
  return html("ul", {}, ...views.map((view, index) => html("li", {}, html("a", { href: `#${prefix}s${index}`, "data-keep": `story ${index}` },
    html("b", {}, names[index] ?? view.name), html("span", { class: view.outcome === "held" ? "good" : "bad" }, texts.status[view.outcome] ?? view.outcome),
    html("span", {}, view.sentence)))));
}

/** The browsers: who is logged in where, and what each can be made to do. */

import { html } from "viewer/dom.js";
import { number } from "viewer/scale.js";
import { button, complain, labelled } from "page/controls.js";
import { look } from "page/credential.js";
import { says } from "page/glossary.js";
import { clicks, fill } from "page/morph.js";
import { call } from "page/net.js";
import { hear, reason, say } from "page/say.js";
import { texts } from "page/texts.js";
import { glyph } from "page/travel.js";

/** @import {Answer, How, Holding, Sent, State, Tab, What} from "page/types.js" */

const words = texts.tabs, MANY = 100;
const MEANS = /** @type {Record<string, string>} */ ({ kept: "up", moved: "drain", "logged out": "gone", stuck: "gone", "wrong data": "gone" });

/** @returns {{element: HTMLElement, show: (state: State) => void, of: (tab: string) => HTMLElement | null, all: () => HTMLElement[]}} */
export function browsers() {
  /** @type {Map<string, string>} what a tab is doing, what came of a hundred, or went wrong */
  const notes = new Map();
  /** @type {State | null} */
  let shown = null;
  const list = html("div", { class: "tabs" }), opening = html("div", { class: "opening" });
  const others = html("div", { class: "part others", "data-tab": "" });
  const element = html("section", { class: "column browsers", "aria-labelledby": "browsers" }, html("h2", { id: "browsers" }, words.title), says(words.says),
    list, opening, others);
  const greeting = html("div", {}), choices = html("div", { class: "openers" });
  others.append(greeting, html("details", {}, html("summary", {}, words.crowd), crowd()));
  opening.append(html("span", {}, words.open), choices, html("details", {}, html("summary", {}, words.other), openOther()));
  const note = (/** @type {string} */ tab, /** @type {string} */ text) => (notes.set(tab, text), shown && show(shown));

  /** @param {string} tab @param {What} what @param {number} [times] */
  async function send(tab, what, times = 1) {
    note(tab, words.asks[what]);
    try {
      const sent = /** @type {Sent} */ (await call("POST", `/tabs/${tab}/send`, { what, times }));
      note(tab, times > 1 ? counted(sent) : "");
      const { answers } = sent;
      hear(answers.map(({ said, cluster }) => (answers.length > 1 ? `${cluster.toUpperCase()}: ${said}` : said)).join(" "));
    } catch (error) {
      note(tab, reason(error));
    }
  }

  /** @param {HTMLButtonElement} from @param {() => Promise<unknown>} does */
  async function attempt(from, does) {
    from.setAttribute("aria-busy", "true");
    try {
      await does();
    } catch (error) {
      say(reason(error), true);
    }
    from.removeAttribute("aria-busy");
  }

  const tabOf = (/** @type {HTMLButtonElement} */ at) => at.closest("[data-tab]")?.getAttribute("data-tab") ?? "";
  clicks(element, {
    login: (at) => send(tabOf(at), "login"),
    me: (at) => send(tabOf(at), "me"),
    many: (at) => send(tabOf(at), "me", MANY),
    read: (at) => send(tabOf(at), "read"),
    write: (at) => send(tabOf(at), "write"),
    logout: (at) => send(tabOf(at), "logout"),
    look: (at) => look(tabOf(at), at.dataset.of ?? "a"),
    beside: (at) => attempt(at, () => call("POST", "/tabs", { beside: tabOf(at) })),
    close: (at) => (note(tabOf(at), words.asks.close), attempt(at, () => call("DELETE", `/tabs/${tabOf(at)}`))),
    open: (at) => attempt(at, () => call("POST", "/tabs", { user: at.dataset.of })),
  });

  /** @param {State} state */
  function show(state) {
    shown = state;
    fill(list, ...state.tabs.map((tab) => card(tab, label(tab, state.tabs), state, notes.get(tab.id) ?? "")));
    fill(choices, ...state.users.slice(0, 2).map((user) => button("open", user, { "data-of": user, "aria-label": words.openAs(user), class: state.tabs.length ? null : "main" })));
    fill(greeting, html("h3", {}, words.everybody), says(state.clusters.some(({ fabric }) => fabric === "external") ? words.everybodyUnseen : words.everybodyIs),
      ...state.clusters.filter(({ url, fabric }) => fabric !== "external" && url.startsWith("http")).map(({ id, url }) => html("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, state.clusters.length > 1 && `${id.toUpperCase()}: `, url)));
  }
  const all = () => /** @type {HTMLElement[]} */ ([...element.querySelectorAll("[data-tab]")]);
  return { element, show, all, of: (tab) => all().find((one) => one.dataset.tab === tab) ?? others };
}

/** @param {Sent} sent */
function counted({ counts }) {
  const told = Object.entries(counts).map(([id, each]) => {
    const parts = Object.entries(each).filter(([, count]) => count > 0).map(([how, count]) => `${count} ${texts.drawing.outcomes[/** @type {How} */ (how)].split(":")[0]}`);
    return (Object.keys(counts).length > 1 ? `${id.toUpperCase()}: ` : "") + words.counted(Object.values(each).reduce((sum, one) => sum + one, 0), parts.join(", "));
  });
  return told.join("; ");
}

/** A user may have several browsers, and a browser several tabs. @param {Tab} tab @param {Tab[]} tabs */
function label({ id, user, browser }, tabs) {
  const own = tabs.filter((one) => one.user === user), all = [...new Set(own.map((one) => one.browser))];
  return words.named(user, all.indexOf(browser) + 1, own.filter((one) => one.browser === browser).findIndex((one) => one.id === id) + 1);
}

/** @param {Tab} tab @param {string} label @param {State} state @param {string} note */
function card(tab, label, state, note) {
  const first = state.clusters[0], can = (/** @type {string} */ what) => (first?.can.length && !first.can.includes(what) ? words.cannot : "");
  const holds = Object.values(tab.at).some(({ credential }) => credential);
  const several = state.clusters.length > 1;
  /** @param {string} does @param {string} text @param {string} what @param {boolean} [main] */
  const does = (does, text, what, main = false) => button(does, text, { why: can(what), class: main ? "main" : null, "data-key": does });
  return html("article", { class: "part tab", "data-key": tab.id, "data-tab": tab.id, "aria-label": label },
    html("div", { class: "part-head" }, html("span", { class: "avatar", "aria-hidden": "true" }, tab.user.slice(0, 1).toUpperCase()), html("h3", {}, label),
      !several && fate(Object.values(tab.at)[0])),
    ...state.clusters.map(({ id }) => holding(id, tab.at[id], several)),
    html("p", { class: note ? "note-of" : "note-of none" }, note),
    html("div", { class: "buttons" }, does("login", words.login, "login", !holds), button("me", words.me, { why: can("me"), class: holds ? "main" : null, "data-key": "me", title: first?.lines.me }), button("many", words.many, { why: can("me"), "data-key": "many", "aria-label": words.manyLong, title: words.manyLong }), does("logout", words.logout, "logout")),
    html("details", {}, html("summary", {}, words.more, html("span", { class: "hidden" }, `: ${label}`)), html("div", { class: "buttons" },
      does("write", words.write, "write"), does("read", words.read, "read"), button("beside", words.beside), button("close", words.close))));
}

/** Who has logged out is none of these. @param {Holding | undefined} at */
const fate = (at) => at?.fate && (at.credential || MEANS[at.fate] === "gone") && html("span", { class: `condition ${MEANS[at.fate] ?? "drain"}` }, words.fates[at.fate] ?? at.fate);

/** What it holds at a cluster, and the answer that it got last. @param {string} id @param {Holding | undefined} at @param {boolean} several */
function holding(id, at, several) {
  const holds = at?.credential, kind = holds && words.holds[holds.kind];
  return html("div", { class: "holding", "data-key": id },
    several && html("b", { class: "side-name" }, id.toUpperCase()),
    holds ? html("button", { type: "button", class: "credential", "data-do": "look", "data-of": id, title: words.look(kind ?? "") }, html("span", {}, kind), html("code", {}, holds.short))
      : html("span", { class: "faint" }, words.holdsNothing),
    several && (fate(at) || html("span", {})),
    at?.last && answer(at.last));
}

/** @param {Answer} last */
const answer = (last) => html("p", { class: `last ${last.how}` }, glyph(last.how), html("b", {}, String(last.status ?? "–")), html("span", {}, last.said, last.items && ` ${words.cart(last.items)}`));

function openOther() {
  const name = html("input", { name: "user", required: true, maxlength: 64, autocomplete: "off", "aria-label": words.name, placeholder: words.name });
  const form = html("form", { id: "open-other", class: "inline", submit }, html("div", { class: "labelled" }, name), html("button", {}, words.go));
  async function submit(/** @type {Event} */ event) {
    event.preventDefault();
    complain(form, null);
    await call("POST", "/tabs", { user: name.value }).then(() => form.reset(), (error) => complain(form, error));
  }
  return form;
}

function crowd() {
  const users = html("input", { name: "users", type: "number", min: 1, max: 200, value: 20 }), rate = html("input", { name: "rate", type: "number", min: 1, max: 500, value: 50 });
  const home = html("button", { type: "button", click: () => put(0, 1) }, words.home);
  const form = html("form", { id: "crowd", class: "crowd", novalidate: true, submit: (/** @type {Event} */ event) => (event.preventDefault(), put(users.valueAsNumber, rate.valueAsNumber)) },
    says(words.crowdIs), html("div", { class: "inline" }, labelled(words.users, users), labelled(words.rate, rate)), html("div", { class: "buttons" }, html("button", {}, words.send), home));
  async function put(/** @type {number} */ many, /** @type {number} */ often) {
    complain(form, null);
    form.setAttribute("aria-busy", "true");
    await call("PUT", "/crowd", { users: many, rate: often }).then((now) => say(now.users ? words.here(now.users, number(now.rate)) : words.home), (error) => complain(form, error));
    form.removeAttribute("aria-busy");
  }
  return form;
}

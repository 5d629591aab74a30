/** A credential looked into: what it says, who knows it, what is kept for it. */

import { html, table } from "viewer/dom.js";
import { dialog, wrong } from "page/dialog.js";
import { forging } from "page/forgery.js";
import { explained } from "page/glossary.js";
import { call, state } from "page/net.js";
import { texts } from "page/texts.js";

/** @import {Held, Jwt, Looked, Stored} from "page/types.js" */

const words = texts.depth.look, TIMES = new Set(["exp", "iat", "nbf"]);

/**
 * Opens the dialog of what this tab holds.
 * @param {string} tab
 * @param {string} cluster
 */
export async function look(tab, cluster) {
  const user = state()?.tabs.find((each) => each.id === tab)?.user || tab, path = `/tabs/${tab}/credential?cluster=${cluster}`;
  const { element, body } = dialog(words.title(user), "credential");
  const found = html("div", {}), forge = html("div", {});
  body.replaceChildren(found, html("p", {}, html("button", { click: fill }, words.again)), forge);
  body.setAttribute("aria-busy", "true");
  const looked = await fill();
  body.setAttribute("aria-busy", "false");
  if (looked && looked.kind !== "none") forge.append(...forging(tab, cluster, looked, (state()?.users ?? []).find((name) => name !== user)));

  /** @returns {Promise<Looked | null>} */
  async function fill() {
    try {
      const looked = await call("GET", path);
      if (element.open) found.replaceChildren(...shown(looked));
      return looked;
    } catch (error) {
      found.replaceChildren(html("p", { class: "bad", role: "alert" }, wrong(error)));
      return null;
    }
  }
}

/** @param {Looked} looked */
function shown(looked) {
  if (looked.kind === "none") return [html("p", {}, words.nothing), html("p", { class: "faint" }, looked.says)];
  return [
    html("p", { class: "lead" }, looked.says), looked.where && html("p", { class: "faint" }, words.travels(looked.where)),
    looked.jwt ? opened(looked.jwt) : html("pre", { class: "value", tabindex: 0, role: "group", "aria-label": words.value }, looked.value),
    held(looked.held), looked.stored && stored(looked.stored),
  ].filter((part) => part instanceof Node);
}

/** @param {Held[]} all */
function held(all) {
  if (all.length === 0) return null;
  return html("section", {}, html("h3", {}, words.held), html("p", { class: "faint" }, ...explained(words.heldSays)),
    table(words.held, words.heldHead, all.map((one) => [one.node, verdict(one), one.items.join(", ")])));
}

/** @param {Held} held */
function verdict({ knows, user, status, reason }) {
  const says = knows === null ? words.silent : knows ? words.knows(user) : words.knowsNot;
  return html("span", {}, html("b", { class: knows === null ? "" : knows ? "good" : "bad" }, says),
    html("small", {}, ` ${[status, reason].filter(Boolean).join(" ")}`));
}

/** @param {Stored} stored */
function stored({ key, fields, ttl }) {
  return html("section", {}, html("h3", {}, words.stored), html("p", { class: "faint" }, words.storedSays(key)),
    table(words.stored, words.storedHead, Object.entries(fields)), ttl !== null && html("p", {}, words.forgotten(lasting(ttl))));
}

/** @param {Jwt} jwt */
function opened({ raw, header, claims, verified, why, expires_in: left }) {
  return html("section", { class: "jwt" },
    html("pre", { class: "value", tabindex: 0, role: "group", "aria-label": words.value }, ...raw.flatMap((part, index) => [index > 0 && ".", html("span", { class: `part-${index}` }, part)]).filter(Boolean)),
    html("p", { class: "faint" }, words.partsSay),
    html("div", { class: "pair" }, values(words.parts[0], "part-0", header), values(words.parts[1], "part-1", claims)),
    html("p", { class: "part-2" }, html("b", { class: verified === null ? "" : verified ? "good" : "bad" }, words.verified[`${verified}`]), why && `: ${why}`),
    left !== null && html("p", {}, left > 0 ? words.expires(lasting(left)) : words.expired));
}

/** @param {string} name @param {string} kind @param {Record<string, unknown>} all */
function values(name, kind, all) {
  return html("div", { class: kind }, table(name, words.claimHead, Object.entries(all).map(([key, value]) => [key, said(key, value), words.claims[key] ?? ""])));
}

/** @param {string} key @param {unknown} value */
function said(key, value) {
  if (TIMES.has(key) && typeof value === "number") return html("span", {}, String(value), html("small", {}, ` ${new Date(value * 1000).toLocaleTimeString()}`));
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {number} seconds */
function lasting(seconds) {
  const whole = Math.max(0, Math.round(seconds)), minutes = Math.floor(whole / 60);
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

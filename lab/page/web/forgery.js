/** The editor in which one tampers with a credential, and sends it. */

import { html } from "viewer/dom.js";
import { field, wrong } from "page/dialog.js";
import { call, Refused } from "page/net.js";
import { texts } from "page/texts.js";

/** @import {Forged, Jwt, Looked} from "page/types.js" */

const words = texts.depth.forge, SIGNS = /** @type {const} */ (["keep", "none", "own-key"]), FOREVER = 4102444800; // 2100

/**
 * @param {string} tab
 * @param {string} cluster
 * @param {Looked} looked what it holds
 * @param {string} [other] whom it may be forged to be
 * @returns {Node[]}
 */
export function forging(tab, cluster, { jwt, value }, other) {
  const text = html("textarea", { rows: jwt ? Object.keys(jwt.claims).length + 2 : 2, spellcheck: "false", autocomplete: "off" });
  const before = jwt ? pretty(jwt.claims) : value;
  text.value = before;
  const input = field(jwt ? words.claims : words.value, text);
  const sign = html("select", {}, ...SIGNS.map((name) => html("option", { value: name }, words.signs[name])));
  const result = html("div", { class: "result", role: "status" });
  const form = html("form", { class: "forge", submit: send }, jwt && presets(jwt, text, other, before), input.element,
    html("div", { class: "row" }, jwt && field(words.sign, sign).element, html("button", { class: "go" }, words.send)), result);
  return [html("h3", {}, words.title), html("p", { class: "faint" }, words.says), form];

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    input.wrong("");
    result.replaceChildren();
    try {
      const forgery = jwt ? { claims: parsed(text.value), sign: sign.value } : { value: text.value.trim() };
      if (forgery.value === "") throw new Error(words.empty);
      const forged = await call("POST", `/tabs/${tab}/forgery`, { cluster, ...forgery });
      result.replaceChildren(...shown(forged, jwt));
      result.scrollIntoView({ block: "nearest" });
    } catch (error) {
      if (error instanceof Refused && error.problem.status !== 422) result.replaceChildren(html("p", { class: "bad" }, wrong(error)));
      else input.wrong(wrong(error));
    }
  }
}

/** @param {Jwt} jwt @param {HTMLTextAreaElement} text @param {string | undefined} other @param {string} before */
function presets({ claims }, text, other, before) {
  const user = typeof claims.sub === "string" ? "sub" : Object.keys(claims).find((key) => typeof claims[key] === "string");
  const edit = (/** @type {Record<string, unknown>} */ change) => () => {
    try {
      text.value = pretty({ ...parsed(text.value), ...change });
    } catch {
      text.value = pretty({ ...claims, ...change });
    }
  };
  return html("p", { class: "row" }, other && user && html("button", { type: "button", click: edit({ [user]: other }) }, words.another(other)),
    "exp" in claims && html("button", { type: "button", click: edit({ exp: FOREVER }) }, words.forever),
    html("button", { type: "button", class: "quiet", click: () => (text.value = before) }, words.back));
}

/** @param {Forged} forged @param {Jwt | null} jwt */
function shown({ value, answer, why }, jwt) {
  const node = answer.node || texts.depth.balancer, refused = answer.how === "refused";
  const verdict = refused ? words.refused(node, answer.status) : answer.how === "ok" ? words.taken(node, answer.user) : words.other(answer.said);
  const parts = value.split("."), before = jwt?.raw ?? [];
  return [
    html("p", { class: `verdict ${refused ? "good" : "bad"}` }, html("strong", {}, verdict)), html("p", {}, why),
    html("p", { class: "faint" }, words.presented),
    html("pre", { class: "value", tabindex: 0, role: "group", "aria-label": words.presented },
      ...parts.flatMap((part, index) => [index > 0 ? "." : "", html(jwt && part !== before[index] ? "mark" : "span", {}, part)])),
  ];
}

const pretty = (/** @type {Record<string, unknown>} */ claims) => JSON.stringify(claims, null, 2);

/** @param {string} text @returns {Record<string, unknown>} */
function parsed(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(words.notJson(error instanceof Error ? error.message : ""));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(words.notJson(JSON.stringify(value)));
  return value;
}

/** What a story consists of, section by section; one that has nothing to say is left out. */

import { cluster, during } from "viewer/cluster.js";
import { html, svg, table } from "viewer/dom.js";
import { letter } from "viewer/frame.js";
import { lossKey, lanes } from "viewer/lanes.js";
import { latency } from "viewer/latency.js";
import { load } from "viewer/load.js";
import { outcomes } from "viewer/outcomes.js";
import { milliseconds, moment, number, seconds, share } from "viewer/scale.js";
import { texts } from "viewer/texts.js";

/** @import {View, Loss, Fate} from "viewer/types.js" */
/** @import {Child} from "viewer/dom.js" */
/** @typedef {{width: number, open: (loss: Loss, store: boolean) => void}} Place */

const FATES = /** @type {Fate[]} */ (["kept", "moved", "logged out", "wrong data", "stuck"]);
const GLYPHS = { kept: "✓", moved: "→", "logged out": "✕", "wrong data": "≠", stuck: "…" };

/**
 * The sections in their order: a name for the outline, and what is in it.
 * @type {[string, (view: View, place: Place) => Child[]][]}
 */
export const SECTIONS = [
  [texts.usersFared, (view) => [fates(view)]],
  [texts.cluster, (view) => [what(view), cluster(view)]],
  [texts.happened, (view, { width }) => [faults(view), view.requests > 0 && outcomes(view, width)]],
  [texts.losses, losses],
  [texts.users, (view, { width, open }) => [lanes(view, width, (loss) => open(loss, view.cluster.store !== null))]],
  [texts.latency, (view, { width }) => [latency(view, width), percentiles(view)]],
  [texts.load, (view, { width }) => [view.requests > 0 && load(view, width)]],
  [texts.judged, judged],
  [texts.notes, (view) => [remarks("notes", view.notes), remarks("sampled", view.sampled)]],
  [texts.again, again],
];

/** The app under load, and where its sessions are. @param {View} view */
function what({ cluster: { app, strategies } }) {
  const said = [app, strategies.length > 0 && texts.sessionsIn(strategies.join(", "))].filter(Boolean);
  return said.length > 0 && html("p", { class: "faint" }, said.join("; "));
}

/** @param {"cut" | "notes" | "sampled"} kind @param {string[]} lines */
export function remarks(kind, lines) {
  return lines.length > 0 && html("div", { class: `note ${kind}`, role: "note" }, kind !== "notes" && html("strong", {}, texts[kind]),
    html("ul", {}, ...lines.map((line) => html("li", {}, line))));
}

/** @param {View} view */
function fates({ users }) {
  if (users.total === 0) return null;
  const tiles = FATES.filter((fate) => users.counts[fate] !== undefined || fate === "kept").map((fate) => {
    const count = users.counts[fate] ?? 0;
    return html("li", { class: `fate ${count > 0 ? fate.replace(" ", "-") : "none"}` }, html("span", { class: "glyph", "aria-hidden": "true" }, GLYPHS[fate]),
      html("b", {}, number(count, 6)), html("span", {}, texts.fates[fate]), html("small", {}, `${share(count, users.total)}, ${texts.fateMeans[fate]}`));
  });
  let at = 0;
  const bar = FATES.map((fate) => {
    const width = (100 * (users.counts[fate] ?? 0)) / users.total, from = at;
    at += width;
    return svg("rect", { x: `${from}%`, y: 0, width: `${width}%`, height: 14, class: `part ${fate.replace(" ", "-")}` });
  });
  return html("div", {}, svg("svg", { class: "share", height: 14, "aria-hidden": "true" }, ...bar), html("ul", { class: "fates" }, ...tiles),
    users.interrupted > 0 && html("p", {}, texts.interrupted(users.interrupted, milliseconds(users.longest_ms))));
}

/** @param {View} view */
function faults(view) {
  if (view.faults.length === 0) return null;
  return html("ol", { class: "happened", "aria-label": texts.broken }, ...view.faults.map((fault, index) =>
    html("li", {}, html("b", {}, letter(index)), ` ${fault.text} `, html("span", { class: "faint" }, during(fault)))));
}

/** @param {View} view @param {Place} place @returns {Child[]} */
function losses({ losses: lost, cluster: { store }, users }, { open }) {
  if (users.total === 0) return [];
  if (lost.total === 0) return [html("p", { class: "good" }, `✓ ${texts.nobodyLost}`)];
  const buttons = lost.shown.map((loss) => html("li", {}, html("button", {
    "data-keep": lossKey(loss), "aria-haspopup": "dialog", click: () => open(loss, store !== null),
  }, html("b", {}, texts.named(loss.user, loss.tab)), html("span", {}, `✕ ${texts.lostAt(texts.fates[loss.fate], moment(loss.at))}`),
  html("span", { class: "why" }, loss.why), html("span", { class: "faint" }, texts.openLoss))));
  return [...lost.reasons.map((reason) => html("p", {}, reason)),
    lost.shown.length < lost.total && html("p", { class: "faint" }, texts.moreLosses(lost.shown.length, number(lost.total, 6))),
    html("ul", { class: "losses", keydown: along, "data-keep": "losses" }, ...buttons)];
}

/** Up and Down go from loss to loss. @param {KeyboardEvent} event */
function along(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const buttons = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("button")];
  const next = step && buttons[buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target)) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** @param {View} view */
function percentiles({ latency: kinds }) {
  if (kinds.length === 0) return null;
  return table(texts.percentiles, [texts.kind, "p50", "p90", "p99", "p99.9", texts.longest],
    kinds.map((kind) => [kind.what || texts.everything, ...[kind.p50, kind.p90, kind.p99, kind.p999, kind.max].map(milliseconds)]));
}

/** @param {View} view @returns {Child[]} */
function judged({ kind, findings, bounds, predictions, claims }) {
  const mark = (/** @type {boolean | null} */ well, /** @type {string} */ text) => html("span", { class: well === null ? "" : well ? "good" : "bad" }, text);
  return [
    kind !== "experiment" && claims.length > 0 && table(texts.claims, texts.claimHead, claims.map((claim) =>
      [claim.text, claim.expected, claim.observed, mark(claim.holds, texts.holds[`${claim.holds}`])])),
    bounds.length > 0 && table(texts.bounds, texts.boundHead, bounds.map((bound) => [bound.text, bound.saw, mark(bound.met, texts.met[`${bound.met}`])])),
    predictions.length > 0 && table(texts.predictions, texts.predictionHead, predictions.map((each) =>
      [each.name, each.predicted, each.measured, mark(each.agrees, texts.agrees[`${each.agrees}`])])),
    findings.length > 0 && table(texts.findings, [texts.check, texts.verdict, texts.saidOfIt], findings.map((finding) => [finding.check,
      mark({ holds: true, broken: false, unknown: null, shown: null }[finding.verdict], texts.verdicts[finding.verdict]),
      html("span", {}, finding.said, finding.evidence.length > 0 && html("ul", { "aria-label": texts.evidence }, ...finding.evidence.map((line) => html("li", {}, line))))])),
  ];
}

/** @param {View} view @returns {Child[]} */
function again(view) {
  const copy = html("button", { "data-keep": "copy", click: async () => {
    await navigator.clipboard.writeText(view.again);
    copy.textContent = texts.copied;
  } }, texts.copy);
  return [
    view.again && html("div", { class: "again" }, html("pre", { tabindex: 0, "aria-label": texts.again }, html("code", {}, view.again)), navigator.clipboard && copy),
    html("p", { class: "faint" }, [view.seconds > 0 && texts.took(seconds(view.seconds)), view.seed !== null && texts.seed(view.seed)].filter(Boolean).join(" ")),
  ];
}

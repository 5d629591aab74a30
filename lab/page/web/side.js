/** One cluster on the screen: how it is set up, what can be done to the whole of it, its drawing. */

import { html } from "viewer/dom.js";
import { button, complain, labelled } from "page/controls.js";
import { drawing } from "page/drawing.js";
import { clicks, fill } from "page/morph.js";
import { call, state } from "page/net.js";
import { act, openPart } from "page/part.js";
import { capital, reason } from "page/say.js";
import { texts } from "page/texts.js";

/** @import {Choice, Cluster, Request, State} from "page/types.js" */
/** @import {Around} from "page/drawing.js" */

const words = texts.setup;
const CHOSEN = /** @type {const} */ (["strategy", "algorithm", "affinity"]);
const OTHER = /** @type {Record<string, object>} */ ({ memory: { strategy: "jwt", affinity: "none" }, redis: { strategy: "memory", affinity: "cookie" } });

/**
 * @param {string} id
 * @param {Around} around
 */
export function side(id, around) {
  const head = html("div", { class: "side-head" }), over = html("div", { class: "condition-of" }), stage = html("div", { class: "drawn" });
  const form = setup(id), element = html("section", { class: "side", "data-key": id, "data-own": true, "aria-label": texts.frame.side(id) }, head, form.element, over, stage);
  const drawn = drawing(stage, { ...around, acts: true });
  let starting = "", wrong = "";

  /** @param {string} doing @param {string} method @param {string} path @param {object} [body] */
  async function change(doing, method, path, body) {
    [starting, wrong] = [doing, ""];
    complain(form.element, null);
    again();
    await call(method, path, body).catch((error) => (form.element.hidden ? (wrong = reason(error)) : complain(form.element, error)));
    starting = "";
    again();
  }
  const again = () => show(/** @type {State} */ (state()));
  form.element.addEventListener("submit", (event) => (event.preventDefault(), change(words.starting, "PUT", `/clusters/${id}`, form.wanted())));
  clicks(element, {
    preset: (at) => change(words.starting, "PUT", `/clusters/${id}`, words.ready[Number(at.dataset.of)][1]),
    again: () => change(words.starting, "PUT", `/clusters/${id}`, {}),
    beside: () => change(words.besideStarting, "PUT", "/clusters/b", OTHER[state()?.clusters[0]?.strategy ?? ""] ?? { strategy: "memory", affinity: "none" }),
    alone: () => change(words.alone, "DELETE", "/clusters/b"),
    setup: () => ((form.element.hidden = !form.element.hidden), again(), form.element.hidden || form.element.querySelector("select")?.focus()),
    part: (at) => openPart(id, at.dataset.of ?? "", at),
    whole: (at) => act(at, { do: at.dataset.of ?? "", part: at.dataset.option ?? "", cluster: id }),
  });

  /** @param {State} state */
  function show(state) {
    const cluster = state.clusters.find((one) => one.id === id);
    if (!cluster) return;
    const several = state.clusters.length > 1, { condition } = cluster;
    fill(head, several && html("h2", {}, texts.frame.side(id)), several && html("p", { class: "sentence" }, capital(cluster.sentence)), presets(cluster, state),
      button("setup", words.change, { "aria-expanded": String(!form.element.hidden), "aria-controls": form.element.id, "data-key": "setup" }),
      several ? id === "b" && button("alone", words.alone) : button("beside", words.beside, { why: state.unable.beside }));
    form.show(cluster, state);
    const doing = starting || (cluster.doing ? words.doing(cluster.doing) : "");
    fill(over, doing && html("p", { class: "busy" }, doing), wrong && html("p", { class: "wrong", role: "alert" }, wrong), condition !== "ready" && !starting && html("p", { class: "wrong", role: "alert" }, html("b", {}, words.conditions[condition]), ` ${cluster.why} `, condition !== "starting" && button("again", words.again, { why: state.unable.switch })));
    element.classList.toggle("not-ready", condition !== "ready" || starting !== "");
    drawn.cluster(cluster);
  }
  return { element, show, request: (/** @type {Request} */ request) => drawn.request(request), close: drawn.close };
}

/** @param {Cluster} cluster @param {State} state */
function presets(cluster, state) {
  const known = new Set(state.choices.strategies.map(({ name }) => name));
  const fitting = words.ready.flatMap(([name, of], index) => (known.has(of.strategy) ? [{ name, of, index }] : []));
  const same = (/** @type {Record<string, string>} */ of) => CHOSEN.every((one) => of[one] === cluster[one]);
  return fitting.length > 0 && html("div", { class: "presets", role: "group", "aria-label": words.presets },
    ...fitting.map(({ name, of, index }) => button("preset", name, { "data-of": index, "aria-pressed": String(same(of)), why: state.unable.switch || whyNot(state.choices.strategies, of.strategy) })));
}

/** @param {Choice[]} choices @param {string} name */
const whyNot = (choices, name) => choices.find((one) => one.name === name)?.why_not ?? "";

/** The form that says what the next cluster is to be. @param {string} id */
function setup(id) {
  const selects = CHOSEN.map((name) => html("select", { name }));
  const nodes = html("input", { name: "nodes", type: "number", min: 1, max: 50, required: true }), start = html("button", {}, words.start);
  const says = html("ul", { class: "says" });
  const element = html("form", { id: `setup-${id}`, novalidate: true, hidden: true, class: "setup", change: explain, input: explain }, ...CHOSEN.map((name, index) => labelled(words[name], selects[index])), labelled(words.nodes, nodes), start, says);
  let generation = -1;
  /** @type {State["choices"] | null} */
  let choices = null;

  function explain() {
    const lists = choices && [choices.strategies, choices.algorithms, choices.affinities];
    fill(says, ...selects.map((select, index) => {
      const found = lists?.[index].find(({ name }) => name === select.value);
      return found && html("li", {}, html("b", {}, `${found.name}: `), found.why_not || found.summary);
    }));
  }
  /** @param {Cluster} cluster @param {State} state */
  function show(cluster, state) {
    ({ choices } = state);
    const lists = [choices.strategies, choices.algorithms, choices.affinities];
    for (const [index, select] of selects.entries()) {
      const now = cluster[CHOSEN[index]], list = lists[index], extra = list.some(({ name }) => name === now) ? [] : [{ name: now, summary: "", why_not: "" }];
      fill(select, ...[...list, ...extra].map(({ name, why_not }) => html("option", { value: name, disabled: why_not !== "" && name !== now, title: why_not }, name)));
    }
    nodes.max = String(choices.most_nodes);
    if (generation === cluster.generation) return;
    ({ generation } = cluster);
    for (const [index, select] of selects.entries()) select.value = cluster[CHOSEN[index]];
    nodes.value = String(cluster.nodes);
    explain();
  }
  const wanted = () => ({ ...Object.fromEntries(selects.map(({ name, value }) => [name, value])), nodes: Number.isNaN(nodes.valueAsNumber) ? nodes.value : nodes.valueAsNumber });
  return { element, show, wanted };
}

/** What one sees of a story at a beat: its words, the cluster, what must be seen, all its steps. */

import { html } from "viewer/dom.js";
import { after, asker, cameOf, clusterAfter } from "page/beats.js";
import { drawing } from "page/drawing.js";
import { coded } from "page/stories.js";
import { texts } from "page/texts.js";

/** @import {Beat} from "page/beats.js" */
/** @import {Drawn} from "page/drawing.js" */
/** @import {Item, Telling} from "page/types.js" */

const said = texts.stories;
const MOST_TEXTS = 3; // of steps that are alike

/** @param {(index: number) => void} go a beat was chosen */
export function scene(go) {
  const words = html("div", { class: "words", role: "status" }), came = html("p", { class: "came" }), place = html("p", { class: "faint at" });
  const figure = html("div", { class: "story-drawing" }), claims = html("ol", { class: "claims" }), steps = html("ol", { class: "steps" });
  const script = html("pre", { tabindex: 0, role: "group", "aria-label": said.source });
  /** @type {Beat[]} */
  let known = [];
  /** @type {Drawn | null} */
  let cluster = null;
  let drawn = drawing(figure), where = "", begun = -1;
  /** @type {Item[]} */
  let happened = [];

  /** @param {Drawn | null} now @param {string} [of] which cluster it is, if another */
  function stand(now, of = where) {
    if (of !== where) {
      drawn.close();
      [drawn, where] = [drawing(figure), of];
    }
    cluster = now;
    if (now) drawn.cluster(now);
  }

  /** @param {number} index */
  function mark(index) {
    const beat = known[index];
    place.textContent = index < 0 ? "" : said.at(index + 1, known.length);
    [...steps.querySelectorAll("button")].forEach((one, at) => {
      one.parentElement?.classList.toggle("past", at <= index);
      if (at !== index) return one.removeAttribute("aria-current");
      one.setAttribute("aria-current", "step");
      steps.scrollTop = Math.max(Math.min(steps.scrollTop, one.offsetTop), one.offsetTop + one.offsetHeight - steps.clientHeight);
    });
    [...script.children].forEach((line, at) => line.classList.toggle("now", beat && at + 1 === beat.line));
    const now = script.querySelector(".now");
    if (now instanceof HTMLElement) script.scrollTop = now.offsetTop - script.clientHeight / 2;
    judge(index);
  }

  /** What was said already is not said again: it is read aloud. @param {HTMLElement[]} lines */
  function say(lines) {
    if (words.textContent !== lines.map((line) => line.textContent).join("")) words.replaceChildren(...lines);
  }

  /** Those up to that beat are judged. @param {number} upto */
  function judge(upto) {
    const all = [...known.entries()].filter(([, beat]) => beat.claim);
    claims.replaceChildren(...(all.length > 0 ? all.map(([index, { claim }]) => claimed(/** @type {Item} */ (claim), index <= upto, index === upto)) : [html("li", { class: "faint" }, said.nothingYet)]));
  }

  const stage = {
    /** @param {number} index */
    begin(index) {
      const beat = known[index];
      [begun, happened] = [index, []];
      say(worded(beat, true));
      came.replaceChildren();
      stand(clusterAfter(known.slice(0, index), beat.cluster), beat.cluster);
      mark(index);
    },
    /** @param {Item} item */
    item(item) {
      happened.push(item);
      const now = after(cluster, item);
      if (item.kind === "request") {
        drawn.request(travelling(item, cluster?.strategy.includes("redis")));
        cluster = now;
        came.replaceChildren(...counted(happened, 0));
      } else if (item.kind === "event") {
        stand(now);
        words.append(happening(item));
      } else if (item.kind === "cluster") stand(now);
    },
  };

  return {
    stage,
    /** Shows it as it stands after that beat. @param {number} index @param {Telling | null} told */
    ended(index, told) {
      const beat = known[index];
      const ends = told && told.ending !== "telling" && index === known.length - 1;
      say([...(beat ? worded(beat, false) : []), ...(ends ? ending(told, known) : [])]);
      came.replaceChildren(...(beat ? counted(beat.items, beat.left_out) : []));
      stand(beat ? clusterAfter(known.slice(0, index + 1), beat.cluster) : null, beat?.cluster ?? "");
      mark(index);
      begun = index;
    },
    /** @param {Beat[]} all @param {number} whole how many of them can be shown */
    known(all, whole) {
      known = all;
      if (whole < steps.children.length) steps.replaceChildren();
      for (let index = steps.children.length; index < whole; index++) steps.append(listedStep(all[index], () => go(index)));
      mark(begun);
    },
    /** @param {string} text */
    source: (text) => script.replaceChildren(...text.split("\n").map((line) => html("span", {}, `${line}\n`))),
    close: () => drawn.close(),
    element: html("div", { class: "telling" },
      html("section", { class: "scene" }, html("h2", { class: "hidden" }, said.now), place, words, figure, came),
      html("section", { class: "judged" }, html("h2", {}, said.claims), claims),
      html("section", { class: "all-steps" }, html("h2", {}, said.steps), steps),
      html("details", {}, html("summary", {}, said.source), script)),
  };
}

/** @param {Beat} beat @param {() => void} click */
function listedStep({ kind, items, texts, claim }, click) {
  const words = claim ? [html("span", { class: "glyph" }, `${glyph(claim)} `), ...coded(texts[0])] : coded(listed(texts).join("; ").replace(":; ", ": "));
  return html("li", { class: `of-${kind}` }, html("button", { click }, html("time", {}, `${items[0].at.toFixed(2)} s`), " ", ...words));
}

/** @param {Item} claim */
const glyph = (claim) => (claim.holds ? "✓" : "✕");

/** @param {string[]} all */
const listed = (all) => (all.length > MOST_TEXTS ? [all[0], said.more(all.length - 1)] : all);

/** The words of a beat; what has come of its steps is `still` to happen. @param {Beat} beat @param {boolean} still */
function worded(beat, still) {
  if (beat.claim) return [html("p", { class: beat.claim.holds ? "good" : "bad" }, `${glyph(beat.claim)} `, ...coded(beat.texts[0])), ...compared(beat.claim)];
  const done = beat.items.filter((item) => item.kind !== "event" && item.kind !== "request").map(({ kind, text = "" }) => (kind === "cluster" ? said.cluster(text) : text));
  const come = still ? [] : beat.items.filter((item) => item.kind === "event").map(happening);
  return [...(beat.kind === "note" ? done : listed(done)).map((text) => html("p", {}, ...coded(text))), ...come];
}

/** @param {Item} item */
const happening = ({ text = "" }) => html("p", { class: "happened" }, text);

/** @param {Item} claim */
function compared({ expected = "", observed = "", holds }) {
  const lines = holds && expected === observed ? [said.asExpected(observed)] : [said.expected(expected), said.observed(observed)];
  return lines.map((text) => html("p", { class: "faint" }, text));
}

/** @param {Item} claim @param {boolean} judged @param {boolean} now */
function claimed(claim, judged, now) {
  const how = judged ? (claim.holds ? "came-true" : "failed") : "pending", mark = judged ? glyph(claim) : "○";
  return html("li", { class: `${how}${now ? " now" : ""}` }, html("span", { class: "glyph", "aria-hidden": "true" }, mark), html("div", {},
    html("p", {}, html("span", { class: "hidden" }, `${judged ? (claim.holds ? said.holds : said.fails) : said.pending}: `), ...coded(claim.text ?? "")), ...(judged ? compared(claim) : [])));
}

/** @param {Item[]} items @param {number} left_out */
function counted(items, left_out) {
  const all = cameOf(items).map(({ request, status, how, count }) => html("span", { class: `count ${how}` }, `${request} ${status ?? said.noAnswer}${count > 1 ? ` ×${count}` : ""}`));
  return [...all.flatMap((one) => [one, " "]), ...(left_out ? [said.leftOut(left_out)] : [])];
}

const NOT_ASKED = { client: null, balancer: null, node: null, store: null };

/** @param {Item} item @param {boolean} [store] whether nodes look sessions up there */
function travelling(item, store) {
  const { cluster, request = "", node = "", status = null, how = "ok", pin, took, reason, text } = item, [method, path = ""] = request.split(" ");
  return { user: asker(item), method, path, node, status: status ?? 0, how, pin, seconds: took, reason, cluster, direct: Boolean(text), hops: store ? undefined : NOT_ASKED };
}

/** @param {Telling} told @param {Beat[]} known */
function ending({ ending: how, reason }, known) {
  const claims = known.filter((beat) => beat.claim), wrong = claims.filter(({ claim }) => !claim?.holds).length;
  const text = said.endings[/** @type {"held"} */ (how)](claims.length, wrong);
  return [html("p", { class: `ending ${how === "held" ? "good" : "bad"}` }, html("strong", {}, text)), ...(reason ? [html("p", {}, reason)] : [])];
}

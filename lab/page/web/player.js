/** One story as it is played, `#/story/NAME`: it runs for real, and is shown beat by beat. */

import { html } from "viewer/dom.js";
import { number, seconds } from "viewer/scale.js";
import { beats } from "page/beats.js";
import { call, on } from "page/net.js";
import { player } from "page/playing.js";
import { scene } from "page/scene.js";
import { coded, trouble } from "page/stories.js";
import { texts } from "page/texts.js";

/** @import {Beat} from "page/beats.js" */
/** @import {Item, Story, Telling} from "page/types.js" */

const said = texts.stories;
const PATIENCE = 1000; // ms, until it is asked for what nobody has told of
const SEEDS = 1_000_000;

/**
 * Fills `root`; the router calls what is returned before it shows something else.
 * @param {HTMLElement} root
 * @param {string} name of the scenario
 * @returns {() => void}
 */
export function story(root, name) {
  /** @type {Item[]} */
  let items = [];
  /** @type {Beat[]} */
  let known = [];
  /** @type {Telling | null} */
  let told = null;
  let closed = false, turn = 0;

  const title = html("h1", { class: "long" }, name), about = html("div", { class: "about" });
  const real = html("p", { class: "faint real" }, said.starting), problem = html("div", {}), next = html("p", { class: "next-story" }, html("a", { href: "#/stories" }, said.all));
  const shown = scene((index) => played.go(index));
  const over = () => told !== null && told.ending !== "telling";
  const played = player({ ...shown.stage, end: (index) => shown.ended(index, told), turned: () => bar.turned() }, () => known, over);
  const bar = controls(played, () => begin(1 + Math.floor(Math.random() * SEEDS)));
  root.append(title, about, real, problem, bar.element, shown.element, next);

  /** @param {number} seed */
  async function begin(seed) {
    const mine = ++turn;
    played.go(-1);
    [items, known, told] = [[], [], null];
    shown.known(known, 0);
    problem.replaceChildren();
    real.textContent = said.starting;
    try {
      const first = await call("POST", "/tellings", { story: name, seed });
      take(first);
      shown.source(first.source);
      if (!matchMedia("(prefers-reduced-motion: reduce)").matches) played.play();
      while (!closed && mine === turn && !over()) {
        await news(first.id);
        const more = await call("GET", `/tellings/${first.id}?since=${items.length}`);
        if (mine === turn && !closed) take(more);
      }
    } catch (error) {
      if (mine === turn && !closed) problem.replaceChildren(trouble(error));
    }
  }

  /** @param {Telling} telling */
  function take(telling) {
    told = telling;
    items = [...items, ...telling.items];
    known = beats(items);
    title.textContent = telling.title;
    shown.known(known, over() ? known.length : known.length - 1);
    if (over()) real.textContent = summary(telling, items);
    if (over() && played.at >= known.length - 1) shown.ended(played.at, told);
    played.more();
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const at = event.target instanceof Element ? event.target : document.body;
    if (event.altKey || event.ctrlKey || event.metaKey || at.closest("input, select, textarea, dialog")) return;
    if (event.key === " " && at.closest("button, summary, a")) return; // it is what is pressed
    const does = { " ": played.toggle, ArrowRight: played.step, ArrowLeft: played.back, Home: played.again }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  document.addEventListener("keydown", pressed);
  begin(1);
  call("GET", "/stories").then((/** @type {Story[]} */ all) => {
    const place = all.findIndex((one) => one.name === name), follows = all.slice(place + 1).find((one) => !one.why_not);
    about.replaceChildren(...(all[place]?.about ?? "").split(/\n\s*\n/).map((text) => html("p", {}, ...coded(text))));
    if (follows && place >= 0) next.append(" ", html("a", { class: "go", href: `#/story/${encodeURIComponent(follows.name)}` }, said.next(follows.title)));
  }, () => {}); // the story itself says what is wrong
  return () => {
    closed = true;
    document.removeEventListener("keydown", pressed);
    played.close();
    shown.close();
  };
}

/** Waits until there may be more of a telling. @param {string} id */
function news(id) {
  return /** @type {Promise<void>} */ (new Promise((resolve) => {
    const stop = on("telling", (news) => news.id === id && heard());
    const timer = window.setTimeout(heard, PATIENCE);
    function heard() {
      stop();
      window.clearTimeout(timer);
      resolve();
    }
  }));
}

/** @param {Telling} telling @param {Item[]} items */
function summary({ seconds: took, seed, left_out }, items) {
  const requests = items.filter((item) => item.kind === "request").length + left_out;
  const beside = items.some((item, index) => index > 0 && item.at < items[index - 1].at - 0.05);
  return [said.real(number(requests, 6), seconds(took), seed), beside && said.beside].filter(Boolean).join(" ");
}

/**
 * @param {ReturnType<typeof player>} played
 * @param {() => void} anew
 */
function controls(played, anew) {
  const toggle = html("button", { class: "go", click: played.toggle }, said.play);
  const speeds = html("select", { id: "speed", change: () => (played.speed = Number(speeds.value)) },
    ...Object.entries(said.speeds).map(([value, text]) => html("option", { value, selected: value === "1" }, text)));
  const button = (/** @type {string} */ text, /** @type {() => void} */ click) => html("button", { click }, text);
  return {
    element: html("div", { class: "controls", role: "group", "aria-label": said.controls }, toggle, button(said.back, played.back), button(said.step, played.step),
      button(said.again, played.again), html("label", { for: "speed" }, said.speed, " ", speeds), button(said.anew, anew), html("p", { class: "faint keys" }, said.keys)),
    turned: () => (toggle.textContent = played.playing ? said.pause : said.play),
  };
}

/** The tour: eight steps, each with one click, each saying afterwards what was seen. It may be left and taken up. */

import { html } from "viewer/dom.js";
import { wrong } from "page/dialog.js";
import { explained } from "page/glossary.js";
import { on, state } from "page/net.js";
import { texts } from "page/texts.js";
import { guide } from "page/tour_guide.js";
import { STEPS } from "page/tour_steps.js";

/** @import {Guests, Line} from "page/tour_guide.js" */
/** @typedef {{well: boolean, says: string, lines: Line[]}} Sight what was seen at a step */
/** @typedef {{open: boolean | null, at: number, sights: (Sight | null)[], guests: Guests}} Progress */

const KEY = "sessionlab.tour", words = texts.depth.tour, BREATH = 500; // ms in which a second click is one too many

/** @type {Progress} */
const progress = { open: null, at: 0, sights: [], guests: { run: "", tabs: [] }, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
const saw = html("div", { class: "saw" }), conclusion = html("p", { role: "status" }), kind = html("p", { class: "kind" });
const dots = html("ol", { class: "dots" }), go = html("button", { class: "go", click: step }), skips = html("button", { class: "quiet", click: skip }, words.skip);
const title = html("h3", {}), asks = html("p", {}), done = html("div", { class: "next" });
const next = html("div", { class: "next" }, kind, title, asks, html("p", {}, go, skips)); // stays, and with it the focus
const band = html("div", { class: "band-of-tour" },
  html("header", {}, html("h2", { id: "tour-title" }, words.title), dots, html("button", { class: "quiet", click: leave }, words.leave)),
  html("div", { class: "columns" }, saw, next, done));
const element = html("section", { id: "tour", class: "tour", "aria-labelledby": "tour-title", tabindex: -1 }, band);
/** @type {Line[] | null} what this step has seen so far, while it is being done */
let seeing = null;
let trouble = "", spoken = "", showing = progress.at - 1, ready = 0;

/** Begins it, or goes on where it was left. */
export function tour() {
  if (!element.isConnected) location.hash = "#/";
  open();
}

/** Its place on the screen; it is where it was left. @param {HTMLElement} root */
export function tourPlace(root) {
  root.append(element);
  draw();
}

/** It is open by itself, but not over an app of somebody's own, which most steps would have to replace. */
function stand() {
  element.hidden = !(progress.open ?? state()?.clusters[0]?.app === "");
}
on("state", stand);

function open() {
  progress.open = true;
  draw();
  go.focus();
}

function leave() {
  progress.open = false;
  draw();
  document.getElementById("main")?.focus();
}

function draw() {
  localStorage.setItem(KEY, JSON.stringify(progress));
  const { at } = progress;
  stand();
  element.setAttribute("aria-busy", String(seeing !== null));
  dots.replaceChildren(...STEPS.map(dot));
  drawSight();
  next.hidden = at >= STEPS.length;
  done.hidden = !next.hidden;
  if (next.hidden) done.replaceChildren(...ended());
  else ask(at);
}

/** @param {typeof STEPS[0]} step @param {number} index */
function dot({ name }, index) {
  const sight = progress.sights[index], title = words.steps[name].title;
  return html("li", {}, html("button", {
    class: sight ? (sight.well ? "seen" : "otherwise") : "", disabled: !sight, "aria-current": index === progress.at && "step",
    "aria-label": words.dot(index + 1, title, sight?.well), click: () => {
      [showing, trouble] = [index, ""];
      draw();
    },
  }, String(index + 1)));
}

/** What the last click has shown. The region that is read aloud stays the same element. */
function drawSight() {
  const kept = seeing ? { well: true, says: words.working, lines: seeing } : progress.sights[showing];
  const sight = trouble ? { well: false, says: trouble, lines: [] } : kept;
  const says = sight ? sight.says : "", at = seeing ? progress.at : showing;
  if (spoken !== says) conclusion.replaceChildren(...explained(says));
  spoken = says;
  conclusion.className = seeing ? "faint" : sight && !sight.well ? "bad" : "";
  const lines = sight?.lines ?? [];
  const list = html("ol", { class: "lines", tabindex: lines.length > 4 && 0, "aria-label": words.all }, ...lines.map(({ good, text }) =>
    html("li", { class: good === null ? "faint" : good ? "good" : "bad" }, `${good === null ? "·" : good ? "✓" : "✕"} ${text}`)));
  const head = sight ? html("h3", {}, at >= 0 && !trouble ? `${at + 1}. ${words.steps[STEPS[at].name].title}` : words.saw) : html("p", { class: "lead" }, words.lead);
  for (const old of [...saw.children]) if (old !== conclusion) old.remove();
  if (!conclusion.isConnected) saw.append(conclusion);
  saw.prepend(head);
  if (lines.length > 0) saw.append(list);
  list.scrollTop = list.scrollHeight;
}

/** @param {number} at */
function ask(at) {
  const step = words.steps[STEPS[at].name];
  kind.textContent = words.of(at + 1, STEPS.length);
  title.textContent = step.title;
  asks.replaceChildren(...explained(step.asks));
  go.textContent = step.does(guests());
  go.setAttribute("aria-disabled", String(seeing !== null));
  skips.hidden = !trouble;
}

function ended() {
  const unlike = progress.sights.flatMap((sight, index) => (sight?.well ? [] : [String(index + 1)]));
  return [html("h3", {}, words.done), html("p", {}, unlike.length > 0 ? words.unlike(unlike) : words.sum), html("p", {}, words.next),
    html("p", {}, html("a", { class: "go", href: "#/stories" }, words.stories), html("button", { class: "quiet", click: restart }, words.restart))];
}

/** Who the steps are about. */
const guests = () => (state()?.users ?? ["alice", "bob"]).slice(0, 2);

async function step() {
  if (seeing || performance.now() < ready) return;
  const lines = (seeing = /** @type {Line[]} */ ([])), { settings, deed } = STEPS[progress.at];
  trouble = "";
  draw();
  const leads = guide(progress.guests, (line) => {
    lines.push(line);
    drawSight();
  });
  try {
    await leads.ready(settings);
    const [well, says] = await deed(leads);
    progress.sights[progress.at] = { well, says, lines };
    showing = progress.at++;
  } catch (error) {
    trouble = words.failed(wrong(error));
  }
  seeing = null;
  ready = performance.now() + BREATH;
  draw();
}

function skip() {
  progress.sights[progress.at++] = null;
  [trouble, showing] = ["", -1];
  draw();
  go.focus();
}

function restart() {
  Object.assign(progress, { at: 0, sights: [] });
  showing = -1;
  draw();
  go.focus();
}

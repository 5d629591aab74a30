/** The server of this page: the token, what is asked of it, and what it tells by itself. */

import { texts } from "page/texts.js";

/** @import {State, Problem, Request, Rate, Happened, Newer, Told, Missed, Link} from "page/types.js" */
/**
 * What can be listened to; `link` is how the connection is.
 * @typedef {{state: State, request: Request, rate: Rate, event: Happened, missed: Missed,
 *   view: Newer, telling: Told, link: Link}} News
 */

export const SCHEMA = 1;
const KEY = "sessionlab.token", MOST = 50; // requests a second that are shown one by one
const SILENCE = 40_000, AGAIN = [250, 500, 1000, 2000, 4000]; // ms

/** @type {Map<string, Set<(news: any) => void>>} */
const listeners = new Map();
/** @type {State | null} */
let known = null;
/** @type {Link} */
let link = "connecting";
/** @type {AbortController | null} */
let reading = null;
let failures = 0, heard = 0, again = 0;

/** What the server refused, or could not be asked: `problem` says it in plain words. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

/** The state as it was told last; null only before the first. */
export const state = () => known;
/** How the connection is. */
export const linked = () => link;

/**
 * @template {keyof News} K
 * @param {K} name
 * @param {(news: News[K]) => void} listener
 * @returns {() => void} ends it
 */
export function on(name, listener) {
  const all = listeners.get(name) ?? new Set();
  listeners.set(name, all.add(listener));
  return () => void all.delete(listener);
}

/** @template {keyof News} K @param {K} name @param {News[K]} news */
function tell(name, news) {
  for (const listener of listeners.get(name) ?? []) listener(news);
}

/** @param {State} news */
function keep(news) {
  if (known && known.run !== news.run) return location.reload(); // another run with the same token: nothing shown is of it
  known = news;
  if (news.schema > SCHEMA) end("other version");
  else tell("state", news);
}

/** @param {Link} now */
function become(now) {
  if (link === now) return;
  link = now;
  tell("link", now);
}

/** @param {Link} how it ends: nothing is tried again */
function end(how) {
  reading?.abort();
  reading = null;
  clearTimeout(again);
  become(how);
}

/** Takes the token out of the address, so that it is in no screenshot; what follows it is a route. */
export function takeToken() {
  const found = /^#token=([^&]+)(?:&(.*))?$/.exec(location.hash);
  if (found) {
    localStorage.setItem(KEY, decodeURIComponent(found[1]));
    history.replaceState(null, "", `${location.pathname}#${found[2] ?? "/"}`);
  }
  return Boolean(found);
}

/**
 * Asks the server. A State that it answers is told to all, as if it had come by itself.
 * @param {string} method
 * @param {string} path after /api/1: `/tabs/t1/send`
 * @param {object} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>} throws Refused
 */
export async function call(method, path, body, signal) {
  const answer = await ask(method, path, body, signal);
  const said = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused({ title: texts.net.refused, status: answer.status, detail: texts.net.status(answer.status), hint: "", field: "", type: "", ...said });
  if (said && Array.isArray(said.clusters) && Array.isArray(said.tabs)) keep(said);
  return said;
}

/** @param {string} method @param {string} path @param {object} [body] @param {AbortSignal} [signal] */
async function ask(method, path, body, signal) {
  /** @type {Record<string, string>} */
  const headers = { Authorization: `Bearer ${localStorage.getItem(KEY) ?? ""}` };
  if (body) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(`/api/1${path}`, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
    if (answer.status === 401) end("stranger");
    return answer;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused({ title: texts.net.lost, status: 0, detail: texts.net.lost, hint: "", field: "", type: "" });
  }
}

/** Reads what the server tells, and goes on after every loss; call it again after a new token. */
export async function connect() {
  reading?.abort();
  clearTimeout(again);
  const mine = (reading = new AbortController());
  try {
    const stream = await ask("GET", `/events?most=${MOST}`, undefined, mine.signal);
    if (!stream.ok || !stream.body) throw stream;
    keep(await ask("GET", "/state", undefined, mine.signal).then((answer) => answer.json())); // after it listens, so that no change is missed
    failures = 0;
    become("here");
    await read(stream.body);
  } catch {
    // said below: it is lost, whatever the reason
  }
  if (mine !== reading) return; // somebody else reads, or nobody is to
  become("lost");
  again = window.setTimeout(connect, AGAIN[Math.min(failures++, AGAIN.length - 1)]);
}

/** @param {ReadableStream<Uint8Array>} body */
async function read(body) {
  const reader = body.getReader(), decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard = Date.now();
    const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) event(block);
  }
}

/** @param {string} block of lines */
function event(block) {
  const name = /^event: ?(.*)$/m.exec(block)?.[1], data = /^data: ?(.*)$/m.exec(block)?.[1];
  if (!name || !data) return; // a comment
  const news = JSON.parse(data);
  if (name === "state") keep(news);
  else tell(/** @type {keyof News} */ (name), news);
}

/** A laptop that slept, or a network that vanished without a word. */
function awake() {
  if (link === "here" && heard && Date.now() - heard > SILENCE) become("lost");
  if (link === "lost" && document.visibilityState === "visible") connect();
}

document.addEventListener("visibilitychange", awake);
window.addEventListener("online", awake);
window.setInterval(() => link === "here" && awake(), SILENCE / 4);

/** Plays beats one after the other: what is shown when. It knows nothing of how. */

/** @import {Item} from "page/types.js" */
/** @import {Beat} from "page/beats.js" */

const LEAD = 500, REST = 700, A_LETTER = 36, LONGEST = 5200, BURST = 4500, A_REQUEST = 450; // ms

/**
 * @typedef {object} Stage
 * @property {(index: number) => void} begin shows a beat before anything of it has happened
 * @property {(item: Item) => void} item one thing of it happens
 * @property {(index: number) => void} end shows it when all of it has happened; -1 is before the first
 * @property {() => void} turned it plays now, or does not
 */

/**
 * @param {Stage} stage
 * @param {() => Beat[]} known all beats that have come so far
 * @param {() => boolean} over whether no more will come
 */
export function player(stage, known, over) {
  let at = -1, playing = false, waiting = false, speed = 1, turn = 0, timer = 0;
  const last = () => known().length - (over() ? 1 : 2); // a beat that may still grow is not shown
  /** @param {number} ms */
  const wait = (ms) => new Promise((resolve) => (timer = window.setTimeout(resolve, ms / speed)));

  /** @param {boolean} on */
  function turnTo(on) {
    playing = on;
    stage.turned();
  }

  function stop() {
    turn++;
    waiting = false;
    window.clearTimeout(timer);
  }

  /** @param {number} index */
  async function run(index) {
    stop();
    const mine = turn, beat = known()[index], began = performance.now();
    at = index;
    stage.begin(index);
    if (beat.kind === "step") await wait(LEAD);
    const requests = beat.items.filter((item) => item.kind === "request").length;
    for (const item of beat.items) {
      if (mine !== turn) return;
      stage.item(item);
      if (item.kind === "request") await wait(Math.min(A_REQUEST, BURST / requests));
      else if (item.kind === "event") await wait(LEAD);
    }
    if (mine !== turn) return;
    stage.end(index);
    if (playing && at >= last() && over()) return turnTo(false);
    const reading = Math.min(LONGEST, beat.texts.join(" ").length * A_LETTER + (beat.claim ? REST : 0));
    await wait(Math.max(REST, reading - (performance.now() - began) * speed));
    if (mine === turn && playing) next();
  }

  function next() {
    if (at < last()) run(at + 1);
    else if (over()) turnTo(false);
    else waiting = true;
  }

  /** Shows it as it stands after that beat, and plays no further. @param {number} index */
  function go(index) {
    stop();
    at = Math.max(-1, Math.min(index, last()));
    turnTo(false);
    stage.end(at);
  }

  function play() {
    if (at >= last() && over()) at = -1;
    turnTo(true);
    next();
  }

  return {
    /** @returns {number} */
    get at() { return at; },
    /** @returns {boolean} */
    get playing() { return playing; },
    /** @param {number} times as fast */
    set speed(times) { speed = times; },
    go,
    play,
    toggle: () => (playing ? go(at) : play()),
    step() {
      if (at >= last()) return go(at);
      turnTo(false);
      run(at + 1);
    },
    back: () => go(at - 1),
    again() {
      go(-1);
      play();
    },
    /** More has come: goes on where it had to wait for it. */
    more() {
      if (playing && waiting) next();
    },
    close: stop,
  };
}

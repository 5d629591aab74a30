/** Who does the tour's steps at the real cluster, and notes each thing that came back. */

import { call } from "page/net.js";
import { texts } from "page/texts.js";

/** @import {Answer, Credential, Forged, Forgery, Looked, State, Tab, What} from "page/types.js" */
/** @import {Settings} from "page/tour_steps.js" */
/** @typedef {{good: boolean | null, text: string}} Line one thing that was seen */
/** @typedef {{run: string, tabs: string[]}} Guests the tabs that the tour has opened, and in which run */
/** @typedef {ReturnType<typeof guide>} Guide */

const LEAST = 3, PATIENCE = 6, PACE = 220; // ms between two requests, so that an eye can follow them

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * @param {Guests} guests is kept up to date
 * @param {(line: Line) => void} note hears of each thing as it is seen
 */
export function guide(guests, note) {
  /** @type {State} */
  let state;
  const look = async () => (state = await call("GET", "/state"));
  const cluster = () => state.clusters[0];
  const living = () => cluster().parts.filter((part) => part.kind === "node" && part.state === "running");
  const name = (/** @type {number} */ who) => state.users[who % state.users.length];
  const tab = (/** @type {number} */ who) => state.tabs.find((each) => each.id === guests.tabs[who]);

  /** A browser for this one, if there is none yet. @param {number} who @returns {Promise<string>} */
  async function arrived(who) {
    if (tab(who)) return guests.tabs[who];
    const opened = /** @type {Tab} */ (await call("POST", "/tabs", { user: name(who) }));
    guests.tabs[who] = opened.id;
    await look();
    return opened.id;
  }

  const self = {
    name,
    nodes: () => living().length,
    store: () => cluster().parts.find((part) => part.kind === "redis")?.name ?? "redis",

    /** The cluster that a step needs; another is built only where this one is not it. @param {Settings} settings */
    async ready(settings) {
      await look();
      if (guests.run !== state.run) Object.assign(guests, { run: state.run, tabs: [] });
      const { strategy, algorithm, affinity, condition, parts, nodes } = cluster();
      const same = strategy === settings.strategy && algorithm === settings.algorithm && affinity === settings.affinity;
      const whole = condition === "ready" && living().length >= 2 && parts.every((part) => part.kind === "node" || part.state !== "ended");
      if (same && whole) return;
      if (state.unable.switch) throw new Error(texts.depth.tour.cannotBuild(settings, state.unable.switch));
      state = await call("PUT", "/clusters/a", { ...settings, nodes: Math.max(LEAST, nodes) });
      note({ good: null, text: texts.depth.tour.built(self.nodes(), settings) });
    },

    /** New browsers, which hold nothing. */
    async newcomers() {
      for (const id of guests.tabs.splice(0)) if (state.tabs.some((each) => each.id === id)) await call("DELETE", `/tabs/${id}`);
      await look();
    },

    /** @param {number} who @param {What} what @returns {Promise<Answer>} */
    async send(who, what) {
      const id = await arrived(who);
      await pause(PACE);
      const { answers } = await call("POST", `/tabs/${id}/send`, { what, cluster: "a" });
      note({ good: answers[0].how === "ok", text: texts.depth.tour.line(name(who), answers[0]) });
      return answers[0];
    },

    /** As a person would: asks again where no server has answered. @param {number} who */
    async answered(who) {
      let answer = await self.send(who, "me");
      for (let time = 1; time < PATIENCE && answer.how !== "ok" && answer.how !== "refused"; time += 1) answer = await self.send(who, "me");
      return answer;
    },

    /** @param {number} who */
    async loggedIn(who) {
      if (await self.held(who)) return;
      await self.send(who, "login");
      await look();
    },

    /** @param {number} who @returns {Promise<Credential | null>} */
    async held(who) {
      await look();
      return tab(who)?.at.a?.credential ?? null;
    },

    /** The server that has answered this one last. @param {number} who */
    home: (who) => tab(who)?.at.a?.last?.node ?? "",

    /** @param {string} what @param {string} part */
    async act(what, part) {
      const { done } = await call("POST", "/actions", { do: what, part, cluster: "a" });
      note({ good: null, text: done });
    },

    /** @param {number} who @returns {Promise<Looked>} */
    async look(who) {
      const looked = /** @type {Looked} */ (await call("GET", `/tabs/${await arrived(who)}/credential?cluster=a`));
      for (const held of looked.held) note({ good: held.knows, text: texts.depth.tour.asked(held) });
      return looked;
    },

    /** @param {number} who @param {Partial<Forgery>} forgery @returns {Promise<Forged>} */
    async forge(who, forgery) {
      const forged = /** @type {Forged} */ (await call("POST", `/tabs/${await arrived(who)}/forgery`, { cluster: "a", ...forgery }));
      note({ good: forged.answer.how === "ok", text: texts.depth.tour.line(texts.depth.tour.aForger, forged.answer) });
      return forged;
    },
  };
  return self;
}

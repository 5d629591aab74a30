/** What the tour does at each of its steps, and what it says then: what was seen, not what was meant to be. */

import { texts } from "page/texts.js";

/** @import {Answer} from "page/types.js" */
/** @import {Guide} from "page/tour_guide.js" */
/** @typedef {{strategy: string, algorithm: string, affinity: string}} Settings */
/** @typedef {[well: boolean, says: string]} Conclusion whether it was as this step is to show it */
/** @typedef {{name: keyof typeof said, settings: Settings, deed: (guide: Guide) => Promise<Conclusion>}} Step */

const said = texts.depth.tour.steps, ALICE = 0, BOB = 1, TIMES = 4;
const MEMORY = { strategy: "memory", algorithm: "round-robin", affinity: "none" };
const STICKY = { ...MEMORY, affinity: "cookie" }, REDIS = { ...MEMORY, strategy: "redis" }, JWT = { ...MEMORY, strategy: "jwt" };

/** @type {Step[]} */
export const STEPS = [
  { name: "login", settings: MEMORY, deed: login },
  { name: "again", settings: MEMORY, deed: again },
  { name: "why", settings: MEMORY, deed: why },
  { name: "sticky", settings: STICKY, deed: sticky },
  { name: "killed", settings: STICKY, deed: killed },
  { name: "shared", settings: REDIS, deed: shared },
  { name: "stopped", settings: REDIS, deed: stopped },
  { name: "signed", settings: JWT, deed: signed },
];

const ok = (/** @type {Answer} */ answer) => answer.how === "ok";
const nodesOf = (/** @type {Answer[]} */ answers) => [...new Set(answers.map((answer) => answer.node).filter(Boolean))].sort();
/** @param {Answer[]} answers @returns {Conclusion | false} */
const unlike = (answers) => {
  const wrong = answers.find((answer) => !ok(answer));
  return wrong ? [false, texts.depth.tour.otherwise(wrong.said)] : false;
};

/** @param {Guide} guide @returns {Promise<Conclusion>} */
async function login(guide) {
  await guide.newcomers();
  const answer = await guide.send(ALICE, "login");
  if (!ok(answer)) return [false, texts.depth.tour.otherwise(answer.said)];
  const held = await guide.held(ALICE);
  return [held?.kind === "session-id", said.login.saw(guide.name(ALICE), answer.node, held?.short ?? "")];
}

/** @param {Guide} guide @returns {Promise<Conclusion>} */
async function again(guide) {
  await guide.loggedIn(ALICE);
  let home = guide.home(ALICE);
  const answers = [await guide.send(ALICE, "me")], most = 2 * guide.nodes();
  while (ok(answers[answers.length - 1]) && answers.length < most) answers.push(await guide.send(ALICE, "me"));
  const last = answers[answers.length - 1], knew = nodesOf(answers.filter(ok));
  home = answers.length > 1 ? answers[answers.length - 2].node : home;
  if (last.how === "refused" && last.node !== home) return [true, said.again.saw(guide.name(ALICE), home, last.node, last.status)];
  return [false, ok(last) ? said.again.lucky(knew) : texts.depth.tour.otherwise(last.said)];
}

/** @param {Guide} guide @returns {Promise<Conclusion>} */
async function why(guide) {
  await guide.loggedIn(ALICE);
  const looked = await guide.look(ALICE);
  const knows = looked.held.filter((held) => held.knows).map((held) => held.node);
  const not = looked.held.filter((held) => held.knows === false).map((held) => held.node);
  if (looked.kind !== "session-id") return [false, texts.depth.tour.otherwise(looked.says)];
  return [knows.length === 1 && not.length > 0, said.why.saw(guide.name(ALICE), knows, not)];
}

/** @param {Guide} guide @returns {Promise<Conclusion>} */
async function sticky(guide) {
  /** @type {[Answer[], Answer[]]} */
  const each = [[], []];
  for (const who of [ALICE, BOB]) each[who].push(await guide.send(who, "login"));
  for (let time = 0; time < TIMES; time += 1) for (const who of [ALICE, BOB]) each[who].push(await guide.send(who, "me"));
  const [hers, his] = each.map(nodesOf);
  return unlike(each.flat()) || [hers.length === 1 && his.length === 1, said.sticky.saw([guide.name(ALICE), guide.name(BOB)], [hers, his], TIMES)];
}

/** @param {Guide} guide @returns {Promise<Conclusion>} */
async function killed(guide) {
  for (const who of [ALICE, BOB]) await guide.loggedIn(who);
  const before = [await guide.send(ALICE, "me"), await guide.send(BOB, "me")], [{ node }, { node: other }] = before;
  if (unlike(before)) return unlike(before) || [false, ""];
  await guide.act("kill", node);
  const hers = await guide.answered(ALICE), his = await guide.answered(BOB);
  const out = hers.how === "refused", stays = ok(his);
  if (!out && !ok(hers)) return [false, texts.depth.tour.otherwise(hers.said)];
  return [out && stays, said.killed.saw([guide.name(ALICE), guide.name(BOB)], node, hers, his, node === other)];
}

/** @param {Guide} guide @returns {Promise<Conclusion>} */
async function shared(guide) {
  const before = [await guide.send(ALICE, "login")];
  await guide.send(BOB, "login");
  for (let time = 0; time < guide.nodes(); time += 1) before.push(await guide.send(ALICE, "me"));
  if (unlike(before)) return unlike(before) || [false, ""];
  const victim = before[0].node, after = [];
  await guide.act("kill", victim);
  for (let time = 1; time < guide.nodes(); time += 1) after.push(await guide.answered(ALICE));
  return unlike(after) || [nodesOf(before).length > 1, said.shared.saw(guide.name(ALICE), nodesOf(before), victim, nodesOf(after))];
}

/** @param {Guide} guide @returns {Promise<Conclusion>} */
async function stopped(guide) {
  for (const who of [ALICE, BOB]) await guide.loggedIn(who);
  await guide.act("stop", guide.store());
  const answers = [await guide.send(ALICE, "me"), await guide.send(BOB, "me"), await guide.send(ALICE, "me")];
  const well = answers.filter(ok), failed = answers.filter((answer) => !ok(answer));
  return [well.length === 0, well.length === 0 ? said.stopped.saw(nodesOf(failed), [...new Set(failed.map((answer) => answer.status))]) : said.stopped.served(well.length, answers.length)];
}

/** @param {Guide} guide @returns {Promise<Conclusion>} */
async function signed(guide) {
  const answers = [await guide.send(ALICE, "login")];
  for (let time = 0; time < guide.nodes(); time += 1) answers.push(await guide.send(ALICE, "me"));
  if (unlike(answers)) return unlike(answers) || [false, ""];
  const { jwt, says } = await guide.look(ALICE);
  if (!jwt) return [false, texts.depth.tour.otherwise(says)];
  const [claim] = Object.entries(jwt.claims).find(([, value]) => value === guide.name(ALICE)) ?? ["sub"];
  const forged = await guide.forge(ALICE, { claims: { ...jwt.claims, [claim]: guide.name(BOB) }, sign: "keep" });
  return [forged.answer.how === "refused", said.signed.saw([guide.name(ALICE), guide.name(BOB)], nodesOf(answers), forged.answer, forged.why)];
}

/** From values to places, and from values to what a person reads. */

/** @typedef {((value: number) => number) & {ticks: number[], begin: number, end: number}} Scale */

const TICK = 90; // px between two of a time axis
const ROUND = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];

/** @param {number} each @param {number} begin @param {number} end */
function multiples(each, begin, end) {
  const first = Math.ceil(begin / each - 1e-9), last = Math.floor(end / each + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * each);
}

/**
 * From 0 up, with round steps (1, 2 or 5 times a power of ten) of which about `wanted` fit.
 * @param {number} end
 * @param {number} from where 0 is drawn
 * @param {number} to where `end` is drawn
 * @param {number} wanted ticks
 * @returns {Scale}
 */
export function linear(end, from, to, wanted) {
  const last = end > 0 ? end : 1, rough = last / wanted, power = 10 ** Math.floor(Math.log10(rough));
  const each = power * ([1, 2, 5].find((times) => times * power >= rough * 0.999) ?? 10);
  const place = (/** @type {number} */ value) => from + (value / last) * (to - from);
  return Object.assign(place, { ticks: multiples(each, 0, last), begin: 0, end: last });
}

/**
 * Powers of ten, for what differs by more than a straight scale shows.
 * @param {number} least
 * @param {number} most
 * @param {number} from
 * @param {number} to
 * @returns {Scale}
 */
export function logarithmic(least, most, from, to) {
  const low = Math.floor(Math.log10(least)), high = Math.max(low + 1, Math.ceil(Math.log10(most) - 1e-9));
  const place = (/** @type {number} */ value) => from + ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (to - from);
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return Object.assign(place, { ticks, begin: 10 ** low, end: 10 ** high });
}

/**
 * The time axis: whole minutes on a long run, parts of a second on a short one.
 * @param {number} begin
 * @param {number} end
 * @param {number} from
 * @param {number} to
 * @returns {Scale}
 */
export function times(begin, end, from, to) {
  const span = end > begin ? end - begin : 1, wanted = Math.max(2, (to - from) / TICK);
  const each = ROUND.find((size) => span / size <= wanted) ?? span;
  const place = (/** @type {number} */ value) => from + ((value - begin) / span) * (to - from);
  return Object.assign(place, { ticks: multiples(each, begin, begin + span), begin, end: begin + span });
}

/** @param {number} value @param {number} [digits] significant ones */
export function number(value, digits = 3) {
  const shown = Math.abs(value) >= 10 ** digits ? Math.round(value) : Number(value.toPrecision(digits));
  return shown.toLocaleString("en", { maximumFractionDigits: 6 });
}

/** @param {number} value */
export const milliseconds = (value) => (value >= 1000 ? `${number(value / 1000)} s` : `${number(value)} ms`);

/** @param {number} value */
export function seconds(value) {
  if (Math.abs(value) < 100) return `${number(value)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}

/** As the sentences say it: to a tenth, which leaves no loss before its cause. @param {number} value */
export const moment = (value) => (Math.abs(value) < 100 ? `${value.toFixed(1)} s` : seconds(value));

/** @param {number} part @param {number} all */
export const share = (part, all) => (all > 0 ? `${number((100 * part) / all)} %` : "–");

/** From values to places, and from values to what a person reads. */

/** @typedef {((value: number) => number) & {ticks: number[], end: number}} Scale */

/**
 * Round steps (1, 2 or 5 times a power of ten) of which about `wanted` fit.
 * @param {number} end
 * @param {number} wanted
 */
export function step(end, wanted) {
  const rough = end / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((times) => times * power >= rough * 0.999) ?? 10);
}

/**
 * @param {number} wanted ticks
 * @param {number} end
 * @param {number} from where 0 is drawn
 * @param {number} to where `end` is drawn
 * @returns {Scale}
 */
export function linear(end, from, to, wanted) {
  const last = end > 0 ? end : 1;
  const each = step(last, wanted);
  const ticks = Array.from({ length: Math.floor(last / each + 1e-9) + 1 }, (_, index) => index * each);
  return Object.assign((/** @type {number} */ value) => from + (value / last) * (to - from), { ticks, end: last });
}

/**
 * The time axis: whole minutes on a long run, tenths of a second on a short one.
 * @param {number} seconds
 * @param {number} from
 * @param {number} to
 * @returns {Scale}
 */
export function times(seconds, from, to) {
  const scale = linear(seconds, from, to, Math.max(2, (to - from) / 90));
  if (seconds <= 100) return scale;
  const wanted = Math.max(2, (to - from) / 90);
  const each = [15, 30, 60, 120, 300, 600, 1200, 1800, 3600].find((size) => seconds / size <= wanted) ?? 7200;
  scale.ticks = Array.from({ length: Math.floor(seconds / each) + 1 }, (_, index) => index * each);
  return scale;
}

/**
 * @param {number} value
 * @param {number} [digits] significant ones
 */
export function number(value, digits = 3) {
  if (!Number.isFinite(value)) return String(value);
  const shown = Math.abs(value) >= 10 ** digits ? Math.round(value) : Number(value.toPrecision(digits));
  return shown.toLocaleString("en", { maximumFractionDigits: 6 });
}

/** @param {number} value */
export function milliseconds(value) {
  return value >= 1000 ? `${number(value / 1000)} s` : `${number(value)} ms`;
}

/** @param {number} value */
export function seconds(value) {
  if (value < 100) return `${number(value)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}

/**
 * @param {number} part
 * @param {number} all
 */
export function share(part, all) {
  return all > 0 ? `${number((100 * part) / all)} %` : "–";
}

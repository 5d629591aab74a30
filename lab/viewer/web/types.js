/**
 * What the viewer is shown: the JSON of `lab/viewer/view.py`, which says what everything means.
 *
 * @typedef {"kept" | "moved" | "logged out" | "stuck" | "wrong data"} Fate
 * @typedef {"ok" | "refused" | "failed" | "unknown"} State
 * @typedef {[from: number, to: number, node: string, state: State]} Span
 *
 * @typedef {{name: string, lives: [number, number | null][], requests: number, version: string}} ClusterNode
 * @typedef {{name: string, balancer: string, algorithm: string, affinity: string, strategies: string[],
 *   app: string, store: "redis" | null, nodes: ClusterNode[]}} Cluster
 * @typedef {{start: number, width: number, count: number, ok: number[], refused: number[], failed: number[],
 *   unknown: number[], p50: (number | null)[], p90: (number | null)[], p99: (number | null)[],
 *   nodes: Record<string, number[]>}} Bins
 * @typedef {{from: number, to: number | null, what: string, part: string, text: string}} Fault
 *
 * @typedef {{name: string, tab: number, fate: Fate, why: string, spans: Span[]}} Lane
 * @typedef {{total: number, lost: number, interrupted: number, longest_ms: number,
 *   counts: Partial<Record<Fate, number>>, sampled: boolean, lanes: Lane[]}} Users
 * @typedef {{at: number, took: number, what: string, request: string, status: number | null, node: string,
 *   pin: string, said: string, who: string, how: State, error: string, note: string, marks: boolean}} Step
 * @typedef {{user: string, tab: number, fate: Fate, at: number, home: string, why: string, left_out: number,
 *   steps: Step[]}} Loss
 * @typedef {{total: number, reasons: string[], shown: Loss[]}} Losses
 *
 * @typedef {{what: string, p50: number, p90: number, p99: number, p999: number, max: number}} Percentiles
 * @typedef {{check: string, verdict: "holds" | "broken" | "unknown" | "shown", said: string,
 *   figures: Record<string, number>, evidence: string[]}} Finding
 * @typedef {{text: string, figure: string, sign: string, limit: number, unit: string, saw: string,
 *   met: boolean | null}} Bound
 * @typedef {{name: string, predicted: string, measured: string, agrees: boolean | null}} Prediction
 * @typedef {{text: string, expected: string, observed: string, holds: boolean}} Claim
 *
 * @typedef {{name: string, sentence: string, kind: "experiment" | "scenario" | "check" | "watch",
 *   cluster: Cluster, schema: number, title: string, outcome: string, again: string, seed: number | null,
 *   started: number, began: number, ended: number, seconds: number, requests: number, bins: Bins, faults: Fault[],
 *   users: Users, losses: Losses, latency: Percentiles[], findings: Finding[], bounds: Bound[],
 *   predictions: Prediction[], claims: Claim[], notes: string[], cut: string[], sampled: string[]}} View
 *
 * @typedef {{what: string, a: string, b: string, difference: string, interval: string, said: string}} Row
 * @typedef {{a: string, b: string, level: number, sentence: string, rows: Row[], notes: string[]}} Comparison
 * @typedef {{sessionlab: string, title: string, sentence: string, views: View[], schema: number,
 *   comparison: Comparison | null}} Page
 */
export {};

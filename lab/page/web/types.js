/**
 * What the server says and takes: the JSON of `lab/page/model`, which says what everything means.
 *
 * @typedef {"ok" | "refused" | "failed" | "unknown"} How
 * @typedef {"login" | "me" | "read" | "write" | "logout"} What
 * @typedef {"a" | "b"} Id
 *
 * @typedef {{client: number | null, balancer: number | null, node: number | null, store: number | null}} Hops
 * @typedef {{cluster: string, at: number, what: string, method: string, path: string, status: number | null,
 *   node: string, how: How, who: string, user: string, reason: string, said: string, seconds: number,
 *   pin: string, pin_says: string, items: string[] | null}} Answer
 * @typedef {{mark: string, kind: "session-id" | "jwt" | "other", short: string}} Credential
 * @typedef {{credential: Credential | null, fate: string, last: Answer | null}} Holding
 * @typedef {{id: string, user: string, number: number, browser: string, at: Record<string, Holding>}} Tab
 * @typedef {{users: number, rate: number, does: string}} Crowd
 * @typedef {{user: string, beside: string}} NewTab
 * @typedef {{what: What, times: number, item: string, cluster: string}} Send
 * @typedef {{answers: Answer[], counts: Record<string, Record<string, number>>}} Sent
 * @typedef {{users: number, rate: number}} NewCrowd
 * @typedef {{at: number, user: string, method: string, path: string, node: string, status: number,
 *   reason: string, seconds: number, credential: string, cut: string, does: string, id: string,
 *   pin: string, moved: string, hops: Hops, cluster: string, tab: string, pin_says: string, how: How}} Request
 * @typedef {{cluster: string, at: number, total: number, shown: number, how: Record<string, number>,
 *   nodes: Record<string, number>}} Rate
 *
 * @typedef {{name: string, kind: string, address: string, state: string, pid: number | null, seen: string,
 *   how: string, version: string, sessions: number | null, requests: number}} Part
 * @typedef {{do: string, does: string, takes_part: boolean, parts: string[], why_not: string,
 *   options: string[], by_hand: Record<string, string>}} Action
 * @typedef {{key: string, node: string, since: number, last_seen: number, why: string,
 *   tab: string}} Pin
 * @typedef {{pins: Pin[], pins_total: number, counts: Record<string, number>, next: string,
 *   next_why: string, why: string}} Balancing
 * @typedef {{name: string, kind: string, ttl: number | null, says: string}} Key
 * @typedef {{keys: Key[], total: number, why: string, says: string}} Store
 * @typedef {{id: Id, generation: number, condition: "starting" | "ready" | "failed" | "ended", why: string,
 *   url: string, strategy: string, balancer: string, affinity: string, algorithm: string, nodes: number,
 *   fabric: string, app: string, sentence: string, doing: string | null, parts: Part[], actions: Action[],
 *   balancing: Balancing, store: Store | null, can: string[], lines: Record<string, string>}} Cluster
 * @typedef {{name: string, summary: string, why_not: string}} Choice
 * @typedef {{strategies: Choice[], algorithms: Choice[], affinities: Choice[], most_nodes: number}} Choices
 * @typedef {{switch: string, beside: string, stories: string, record: string}} Unable
 * @typedef {{sessionlab: string, run: string, at: number, clusters: Cluster[], tabs: Tab[], crowd: Crowd,
 *   choices: Choices, users: string[], unable: Unable, schema: number}} State
 *
 * @typedef {{strategy: string | null, algorithm: string | null, affinity: string | null,
 *   nodes: number | null}} NewCluster
 * @typedef {{do: string, part: string, cluster: string}} Act
 * @typedef {{done: string, refused: Record<string, string>}} Done
 * @typedef {{name: string, cluster: string}} NewRecording
 * @typedef {{folder: string, script: string, again: string[]}} Recording
 * @typedef {{script: string}} Script
 * @typedef {{title: string, status: number, detail: string, hint: string, field: string, type: string}} Problem
 *
 * @typedef {{node: string, knows: boolean | null, user: string, items: string[], status: number | null,
 *   how: string, reason: string}} Held
 * @typedef {{key: string, fields: Record<string, string>, ttl: number | null}} Stored
 * @typedef {{raw: string[], header: Record<string, unknown>, claims: Record<string, unknown>,
 *   verified: boolean | null, why: string, expires_in: number | null}} Jwt
 * @typedef {{kind: "session-id" | "jwt" | "other" | "none", where: string, value: string, says: string,
 *   held: Held[], stored: Stored | null, jwt: Jwt | null}} Looked
 * @typedef {{cluster: string, value: string | null, claims: Record<string, unknown> | null,
 *   header: Record<string, unknown> | null, sign: "keep" | "none" | "own-key"}} Forgery
 * @typedef {{value: string, answer: Answer, why: string}} Forged
 *
 * @typedef {"telling" | "held" | "broken" | "error" | "skipped"} Ending
 * @typedef {{name: string, title: string, about: string, slow: boolean, why_not: string}} Story
 * @typedef {{n: number, at: number, kind: "cluster" | "step" | "request" | "event" | "claim" | "note",
 *   text?: string, cluster?: string, settings?: Record<string, string>, nodes?: string[], user?: string,
 *   tab?: number, what?: string, request?: string, status?: number | null, node?: string, how?: How,
 *   pin?: string, took?: number, reason?: string, event?: string, part?: string, expected?: string,
 *   observed?: string, holds?: boolean | null, line?: number, left_out?: number}} Item
 * @typedef {{id: string, story: string, title: string, seed: number, ending: Ending, reason: string,
 *   seconds: number, count: number, items: Item[], left_out: number, source: string}} Telling
 * @typedef {{story: string, seed: number}} NewTelling
 *
 * What is told by itself, and how the connection is:
 * @typedef {{at: number, kind: string, part: string, cluster: string, text: string}} Happened
 * @typedef {{count: number}} Missed
 * @typedef {{cluster: string, sentence: string}} Newer
 * @typedef {{id: string, count: number, ending: Ending}} Told
 * @typedef {"connecting" | "here" | "lost" | "stranger" | "other version"} Link
 */
export {};

/**
 * Every word that the page itself says. What happens in a cluster is said by the server.
 *
 * A section each: `frame`, `net`, `panels` … are the screen's, `stories` the stories', `depth` what
 * lies behind a click. A translator needs this file and the viewer's.
 */

export const texts = {
  net: {
    lost: "sessionlab cannot be reached",
    refused: "That was refused",
    status: (/** @type {number} */ status) => `The server answered ${status}.`,
  },

  frame: {
    name: "sessionlab",
    skip: "To the cluster",
    live: "Live",
    stories: "Stories",
    menu: "Pages",
    tour: "Take the tour",
    record: "Record",
    loading: "Looking at the cluster…",
    links: /** @type {Record<string, string>} */ ({ connecting: "connecting", here: "live", lost: "connection lost" }),
    lost: "The connection to sessionlab is lost. What you see is how it was; the page tries again by itself.",
    stranger: "Open the address that “sessionlab up” printed: it holds the token that this page needs.",
    strangerMore: "The token is drawn anew for every run, so an address of an earlier run is good no more.",
    otherVersion: "This page and its server are of different versions. Reload the page.",
    empty: "Nobody has logged in yet.",
    side: (/** @type {string} */ id) => `Cluster ${id.toUpperCase()}`,
  },

  drawing: {
    byHand: "By hand:",
    clients: "Clients",
    clientsAre: "Browsers, or other programs. They send back what a [node] gave them.",
    somebody: "somebody",
    nobodyYet: "nobody yet",
    balancer: "Balancer",
    balancerIs: (/** @type {string} */ algorithm, /** @type {string} */ affinity) =>
      affinity && affinity !== "none" ? "It sends a client back to the [node] that it is tied to: they are [sticky]." : algorithm ? `It hands every request to a [node], by an [algorithm]: ${algorithm}.` : "It hands every request to a [node].",
    nodes: (/** @type {number} */ count) => (count === 1 ? "1 node" : `${count} nodes`),
    nodesAre: (/** @type {string} */ strategy) => (strategy === "memory" ? "Each runs the app, and remembers only the [session|sessions] that it made." : strategy === "redis" ? "Each runs the app, and looks every [session] up in [Redis]." : strategy === "jwt" ? "Each runs the app, and can check a token, a [JWT], by itself." : "Each runs the app."),
    store: "Redis",
    storeIs: "One memory that all nodes share.",
    open: ": what it knows, and what can be done to it",
    algorithm: "Picks by",
    affinity: "Ties by",
    noAffinity: "nothing",
    next: "Next",
    noAnswer: "no answer",
    up: "up",
    frozen: "frozen",
    ended: (/** @type {string} */ how) => (how.includes("SIGKILL") ? "killed" : /SIGTERM|status 0/.test(how) ? "stopped" : `ended ${how}`),
    seen: /** @type {Record<string, string>} */ ({ drain: "draining: no new clients", down: "does not answer", maint: "taken out", maintenance: "taken out", ejected: "left out: too many errors" }),
    version: (/** @type {string} */ version) => `v${version.replace(/^v/, "")}`,
    sessions: (/** @type {number} */ count) => (count === 1 ? "1 session" : `${count} sessions`),
    requests: (/** @type {string} */ count) => (count === "1" ? "1 request" : `${count} requests`),
    keys: (/** @type {number} */ count) => (count === 1 ? "1 key" : `${count} keys`),
    pinned: (/** @type {number} */ count) => (count === 1 ? "1 client is tied" : `${count} clients are tied`),
    more: (/** @type {number} */ count) => `… and ${count} more`,
    does: /** @type {Record<string, string>} */ ({ add: "Add a node", deploy: "Deploy a new version:" }),
    legend: "What the marks mean",
    outcomes: { ok: "answered", refused: "refused: nobody is known", failed: "failed", unknown: "no answer" },
    slowed: "Real requests take milliseconds. Here they are slowed down, so that you see the way that each one took.",
    sampled: (/** @type {string} */ shown, /** @type {string} */ total) => `More came than can be drawn: of the last ${total} requests, ${shown} are shown.`,
  },

  tabs: {
    title: "Browsers",
    says: "Each is a real client: it keeps the [credential] that the cluster gives it, and sends it along.",
    fates: /** @type {Record<string, string>} */ ({ kept: "logged in", moved: "logged in, at another node", "logged out": "was logged out", stuck: "stuck: only errors", "wrong data": "saw wrong data" }),
    named: (/** @type {string} */ user, /** @type {number} */ browser, /** @type {number} */ tab) => [user, browser > 1 && `browser ${browser}`, tab > 1 && `tab ${tab}`].filter(Boolean).join(", "),
    holds: { "session-id": "session id", jwt: "JWT", other: "credential" },
    holdsNothing: "holds nothing",
    look: (/** @type {string} */ kind) => `Look into this ${kind}`,
    login: "Log in",
    me: "Who am I?",
    many: "× 100",
    manyLong: "× 100: ask 100 times who I am",
    logout: "Log out",
    more: "More",
    write: "Put an item into the cart",
    read: "Look into the cart",
    beside: "Open a second tab",
    close: "Close this browser",
    asks: /** @type {Record<string, string>} */ ({ login: "logging in …", me: "asking …", read: "asking …", write: "writing …", logout: "logging out …", close: "closing …" }),
    counted: (/** @type {number} */ all, /** @type {string} */ parts) => `Of ${all}: ${parts}`,
    cart: (/** @type {string[]} */ items) => (items.length ? `cart: ${items.join(", ")}` : "cart: empty"),
    cannot: "This app’s recipe does not say how.",
    open: "Open a browser as",
    openAs: (/** @type {string} */ user) => `Open a browser as ${user}`,
    other: "somebody else",
    name: "Name",
    go: "Open",
    crowd: "A crowd",
    crowdIs: "Users who ask who they are, again and again.",
    users: "Users",
    rate: "Requests a second",
    send: "Send them in",
    home: "Send them home",
    here: (/** @type {number} */ users, /** @type {string} */ rate) => `${users} users, ${rate} requests a second altogether.`,
    everybody: "Everybody else",
    everybodyUnseen: "This stack was started elsewhere, and its logs are not read here: only the requests of the browsers of this page are drawn.",
    everybodyIs: "Open the app itself in another window; its requests are drawn, too.",
  },

  setup: {
    presets: "Start from",
    ready: /** @type {[string, {strategy: string, algorithm: string, affinity: string}][]} */ ([
      ["In memory", { strategy: "memory", algorithm: "round-robin", affinity: "none" }],
      ["Sticky", { strategy: "memory", algorithm: "round-robin", affinity: "cookie" }],
      ["Redis", { strategy: "redis", algorithm: "round-robin", affinity: "none" }],
      ["JWT", { strategy: "jwt", algorithm: "round-robin", affinity: "none" }],
    ]),
    strategy: "Sessions are kept as",
    algorithm: "The balancer picks by",
    affinity: "and ties clients by",
    nodes: "Nodes",
    start: "Start this cluster",
    starting: "Starting a new cluster …",
    change: "Choose …",
    beside: "Compare with a second cluster",
    besideStarting: "Starting a second cluster …",
    alone: "Take it away",
    both: (/** @type {string} */ a, /** @type {string} */ b) => `The same clicks, two clusters: ${a} and ${b}.`,
    ways: /** @type {Record<string, string>} */ ({ memory: "sessions in memory", redis: "sessions in Redis", jwt: "tokens (JWT)" }),
    sticky: (/** @type {string} */ way) => `${way}, sticky`,
    again: "Start it again",
    doing: (/** @type {string} */ what) => `under way: ${what}`,
    conditions: { starting: "It is starting …", failed: "It could not be started.", ended: "It has ended.", ready: "" },
  },

  part: {
    close: "Close",
    address: "Address",
    process: "Process",
    seen: "The balancer says",
    version: "Version",
    does: /** @type {Record<string, string>} */ ({ kill: "Kill", stop: "Stop", start: "Start", freeze: "Freeze", thaw: "Thaw", drain: "Drain", remove: "Remove", restart: "Restart", reload: "Reload" }),
    doable: "Do something to it",
    nothing: "Nothing can be done to it now.",
    both: "to both clusters",
    pins: "Whom it ties to which node, and why",
    keys: "What it holds",
    forever: "until it is deleted",
    ttl: (/** @type {string} */ seconds) => `forgotten in ${seconds}`,
    ago: (/** @type {string} */ seconds) => `for ${seconds}`,
    refusedAt: (/** @type {string} */ id, /** @type {string} */ why) => `Not at cluster ${id.toUpperCase()}: ${why}`,
  },

  happenings: {
    title: "What just happened",
    says: "Every request that anybody sent, newest first, with its [status]. Open one to see where its time went.",
    none: "Nothing since you came here. Log in, then ask who you are.",
    by: (/** @type {string} */ node) => node || "the balancer",
    held: (/** @type {number} */ count) => `Show ${count} newer`,
    hops: { client: "for the client", balancer: "of it, from the balancer on", node: "of it, in the node", store: "of it, finding out who asks" },
    unknown: "not known",
    credential: "Credential",
    presented: (/** @type {string} */ mark) => `${mark} (a mark of it, not the credential)`,
    pin: "Tied",
    reason: "Why",
    cut: "Ended early",
    id: "Its id",
    stranger: "somebody",
    missed: (/** @type {number} */ count) => `${count} requests were too many to tell.`,
    away: "The connection was lost before this. What happened meanwhile is told further down.",
  },

  panels: {
    history: { title: "What became of everybody", says: "A lane per user, from the first request until now." },
  },

  // ---- stories: the stories' screens ----
  stories: {
    title: "Stories",
    says: "Each is a short script. It runs for real when you open it: a cluster of its own, real requests, real faults. What is claimed is judged by what was seen. A story says server for what is a node here.",
    slow: "takes longer",
    cannot: (/** @type {string} */ why) => `Cannot be told here: ${why}`,
    all: "All stories",
    next: (/** @type {string} */ title) => `Next: ${title}`,
    reading: "Reading…",
    starting: "The story runs now, for real, in a cluster of its own…",
    real: (/** @type {string} */ requests, /** @type {string} */ seconds, /** @type {number} */ seed) =>
      `This ran for real just now, on this machine: ${requests} requests in ${seconds} (seed ${seed}). It is shown slowed down.`,
    beside: "Parts that ran side by side are shown one after the other.",
    controls: "Player",
    play: "Play",
    pause: "Pause",
    step: "Step",
    back: "Back",
    again: "From the beginning",
    anew: "Run it anew",
    speed: "Speed",
    speeds: { 0.5: "half", 1: "normal", 2: "twice", 4: "four times" },
    keys: "Keys: Space plays and pauses, → one step on, ← one step back, Home from the beginning.",
    at: (/** @type {number} */ at, /** @type {number} */ all) => `Step ${at} of ${all}`,
    now: "What happens",
    claims: "What must be seen",
    pending: "not seen yet",
    nothingYet: "What the story claims appears as it runs.",
    asExpected: (/** @type {string} */ what) => `As expected: ${what}`,
    expected: (/** @type {string} */ what) => `Expected: ${what}`,
    observed: (/** @type {string} */ what) => `Seen: ${what}`,
    holds: "came true",
    fails: "did not come true",
    more: (/** @type {number} */ count) => `… and ${count} more like it`,
    leftOut: (/** @type {number} */ count) => `and ${count} more that are not drawn`,
    cluster: (/** @type {string} */ what) => `A cluster is started: ${what}`,
    steps: "Step by step",
    source: "The script that did this",
    noAnswer: "no answer",
    endings: {
      held: (/** @type {number} */ all, /** @type {number} */ _) => (all === 1 ? "Its claim came true." : `All ${all} claims came true.`),
      broken: (/** @type {number} */ all, /** @type {number} */ wrong) => `${wrong} of ${all} claims did not come true.`,
      error: () => "It could not be told to its end.",
      skipped: () => "It cannot be told on this cluster.",
    },
  },

  // ---- depth: what lies behind a click ----
  depth: {
    cluster: (/** @type {string} */ id, /** @type {string} */ strategy, /** @type {string} */ affinity) =>
      `Cluster ${id.toUpperCase()}: ${strategy}${affinity === "none" ? "" : `, ${affinity}`}`,
    balancer: "the balancer",
    close: "Close",
    copy: "Copy",
    copied: "Copied",

    // a credential, looked into
    look: {
      title: (/** @type {string} */ user) => `What ${user}'s browser holds`,
      nothing: "Its browser holds nothing: for every node it is nobody.",
      travels: (/** @type {string} */ where) => `It travels as ${where}.`,
      value: "The whole of it",
      again: "Look again",
      held: "Who knows it",
      heldSays: "Each node was asked directly just now, past the [balancer].",
      heldHead: ["Node", "Its answer", "Cart"],
      knows: (/** @type {string} */ user) => `✓ knows it: ${user}`,
      knowsNot: "✕ does not know it",
      silent: "? gave no answer:",
      stored: "What Redis holds for it",
      storedSays: (/** @type {string} */ key) => `Under the key ${key}, which every node can look up.`,
      storedHead: ["Field", "Value"],
      forgotten: (/** @type {string} */ left) => `Forgotten in ${left}, unless it is used.`,
      parts: ["Header", "Claims", "Signature"],
      partsSay: "Anybody who gets hold of it can read it: it is written out, not locked away. Only who has the key can sign it.",
      claimHead: ["Name", "Value", "What it means"],
      claims: /** @type {Record<string, string>} */ ({
        sub: "whom it is about", exp: "no longer good after", iat: "made at", nbf: "not good before", iss: "who made it", aud: "for whom",
        jti: "its own number", client_id: "which program asked for it", alg: "how it is signed", kid: "with which key", typ: "what it is", sid: "its session", ver: "its version",
      }),
      verified: { true: "✓ The signature is right", false: "✕ The signature is wrong", null: "? Nobody here has the key for it" },
      expires: (/** @type {string} */ left) => `Expires in ${left}.`,
      expired: "It has expired.",
    },
    forge: {
      title: "Forge it",
      says: "Change something, and send it in its place, once. The browser keeps what it has.",
      claims: "Claims",
      value: "What is sent instead",
      another: (/** @type {string} */ user) => `Be ${user}`,
      forever: "Never expire",
      back: "As it was",
      sign: "Signature",
      signs: { keep: "keep the old one", none: "none at all (alg: none)", "own-key": "sign it with a key of my own" },
      send: "Send the forgery",
      notJson: (/** @type {string} */ said) => `This is no JSON object: ${said}`,
      empty: "There is nothing to send.",
      refused: (/** @type {string} */ node, /** @type {number | null} */ status) => `✕ Refused: ${node} answered ${status}.`,
      taken: (/** @type {string} */ node, /** @type {string} */ user) => `✓ Taken: ${node} answered ${user || "somebody"}.`,
      other: (/** @type {string} */ said) => `No verdict: ${said}`,
      presented: "What was presented",
    },

    // what was done becomes a run
    record: {
      open: "Record what was done here",
      title: "Keep what was done here",
      says: "All that was asked and done at this cluster so far becomes a stored run, and a script to start from.",
      name: "Name",
      hint: "letters, digits, dashes; may stay empty",
      keep: "Keep it",
      kept: (/** @type {string} */ folder) => `It lies in ${folder}`,
      again: "Look at it later:",
      script: "The script",
    },

    // the history below
    history: {
      reading: "Reading what happened…",
      none: "Nothing has been asked yet. Log somebody in, and this fills.",
    },

    glossary: "Words that are used here",

    // the tour
    tour: {
      title: "The tour",
      lead: "Eight clicks on this cluster of real processes: what a session is, how it gets lost, and what keeps it.",
      leave: "Leave the tour",
      restart: "Start again",
      skip: "Skip this step",
      of: (/** @type {number} */ step, /** @type {number} */ all) => `Step ${step} of ${all}`,
      dot: (/** @type {number} */ step, /** @type {string} */ title, /** @type {boolean | undefined} */ well) =>
        `Step ${step}, ${title}: ${well === undefined ? "not done yet" : well ? "seen" : "something else was seen"}`,
      saw: "What was seen",
      all: "Each thing that came back",
      working: "One moment: this happens for real …",
      failed: (/** @type {string} */ said) => `That could not be done: ${said}`,
      otherwise: (/** @type {string} */ said) => `This time something else was seen than was to be shown: ${said}`,
      cannotBuild: (/** @type {{strategy: string, affinity: string}} */ { strategy, affinity }, /** @type {string} */ why) =>
        `this step needs a cluster with ${strategy} sessions${affinity === "none" ? "" : ` and affinity ${affinity}`}. ${why}`,
      built: (/** @type {number} */ nodes, /** @type {{strategy: string, affinity: string}} */ { strategy, affinity }) =>
        `a new cluster: ${nodes} nodes, sessions: ${strategy}, ${affinity === "none" ? "nobody is tied to a node" : `tied by a ${affinity}`}`,
      line: (/** @type {string} */ user, /** @type {{method: string, path: string, node: string, status: number | null, reason: string}} */ a) =>
        `${user}: ${a.method} ${a.path} → ${a.node || "the balancer"} ${a.status ?? "no answer"}${a.reason ? `, ${a.reason}` : ""}`,
      asked: (/** @type {{node: string, knows: boolean | null, user: string, reason: string}} */ held) =>
        `${held.node} ${held.knows ? `knows it: ${held.user}` : held.knows === false ? "does not know it" : `says nothing of it${held.reason ? `: ${held.reason}` : ""}`}`,
      aForger: "forged",
      steps: {
        login: {
          title: "Log in",
          asks: "Below are some servers that all run the same app, called [node|nodes] here, and a [balancer] that hands each request to one of them. Let somebody log in.",
          does: (/** @type {string[]} */ [alice]) => `Log in as ${alice}`,
          saw: (/** @type {string} */ alice, /** @type {string} */ node, /** @type {string} */ held) =>
            `${node} checked ${alice}'s password and began a [session]: it noted who she is in its own memory. Her browser got only the number of that note, ${held}, to show with every request.`,
        },
        again: {
          title: "Ask again",
          asks: "She is logged in, and shows her number with each request. What could go wrong? Let her ask who she is.",
          does: () => "Ask again",
          saw: (/** @type {string} */ alice, /** @type {string} */ home, /** @type {string} */ node, /** @type {number | null} */ status) =>
            `${alice} showed her number to ${node}, which answered ${status}: for it, she is nobody. She did nothing wrong. It was ${home} that had known her, and this request came to another node.`,
          lucky: (/** @type {string[]} */ knew) => `${list(knew)} knew her, every time. No other node was asked, or they share what they know.`,
        },
        why: {
          title: "Why?",
          asks: "Take a look at the number itself, and ask every node directly whether it knows it.",
          does: () => "Look inside",
          saw: (/** @type {string} */ alice, /** @type {string[]} */ knows, /** @type {string[]} */ not) =>
            `The number is drawn at random and says nothing. ${knows.length > 0 ? `${list(knows)} ${knows.length === 1 ? "has" : "have"} the note that goes with it` : "No node has the note that goes with it any more"}${not.length > 0 ? `; ${list(not)} ${not.length === 1 ? "does" : "do"} not` : ""}. ${alice} is logged in where her note is, and only there.`,
        },
        sticky: {
          title: "Tie each to a node",
          asks: "One way out: the [balancer] remembers who belongs where. That is called [sticky]. Two people log in, and each asks four times.",
          does: () => "Tie them",
          saw: (/** @type {string[]} */ [alice, bob], /** @type {string[][]} */ [hers, his], /** @type {number} */ times) =>
            `All ${times} requests of each were known. ${alice}'s went to ${list(hers)}, ${bob}'s to ${list(his)}: the balancer gave each a second cookie, which names the node.`,
        },
        killed: {
          title: "Kill that node",
          asks: "Servers crash, and are replaced with every new version. Kill the one that she is tied to, and let both ask again.",
          does: (/** @type {string[]} */ [alice]) => `Kill ${alice}'s node`,
          saw: (/** @type {string[]} */ [alice, bob], /** @type {string} */ node, /** @type {Seen} */ hers, /** @type {Seen} */ his, /** @type {boolean} */ same) =>
            `${node} is gone, with all that was in its memory. ${alice} came to ${hers.node} and is ${became(hers)}. ${bob}, ${same ? "who was on the same node" : "whose node lives"}, is ${became(his)}.`,
        },
        shared: {
          title: "Share the memory",
          asks: "Another way: no node keeps anything. All keep their notes in one place, [Redis]. Log in, and kill a node once more.",
          does: () => "Share it, then kill one",
          saw: (/** @type {string} */ alice, /** @type {string[]} */ before, /** @type {string} */ victim, /** @type {string[]} */ after) =>
            `${list(before)} all knew ${alice}, though only one had seen her log in. ${victim} was killed, and at ${list(after)} she is still logged in.`,
        },
        stopped: {
          title: "Stop Redis",
          asks: "So everything hangs on that one place now. Stop it.",
          does: () => "Stop Redis",
          saw: (/** @type {string[]} */ nodes, /** @type {(number | null)[]} */ statuses) =>
            `Nobody can be told who they are: ${nodes.length > 0 ? list(nodes) : "the cluster"} answered ${statuses.map((status) => status ?? "nothing").join(", ")}. The nodes are well, but what they would have to look up is out of reach.`,
          served: (/** @type {number} */ well, /** @type {number} */ all) => `${well} of ${all} requests were served although Redis is stopped.`,
        },
        signed: {
          title: "Carry it yourself",
          asks: "The third way: nobody keeps a note. The browser carries it, signed by the cluster: a [JWT]. Ask each node, then forge it.",
          does: (/** @type {string[]} */ [alice, bob]) => `Log in, then forge it to be ${bob || alice}`,
          saw: (/** @type {string[]} */ [alice, bob], /** @type {string[]} */ nodes, /** @type {Seen} */ forged, /** @type {string} */ why) =>
            `${list(nodes)} all knew ${alice}, and none keeps anything: what she shows says who she is. Changed so that it says ${bob}, ${forged.how === "refused" ? `it was refused by ${forged.node} with ${forged.status}` : `it came to this: ${forged.said}`}. ${why}`,
        },
      },
      done: "That was all",
      sum: "In a node’s memory, a login dies with that node, also when tied to it. In Redis, all hang on Redis. A JWT needs neither, and so it is hard to take back.",
      unlike: (/** @type {string[]} */ steps) => `Not all was as it mostly is (step ${list(steps)}): somebody else may have had a hand in it. Start again to see it.`,
      next: "Now break something yourself: all the buttons below are real.",
      stories: "All the stories",
    },

    words: /** @type {Record<string, string>} */ ({
      node: "One of several servers that run the same app: n1, n2, n3. A server is a program that answers requests.",
      balancer: "The program in front of the nodes. Every request comes to it first, and it hands it to one of them.",
      session: "What a node remembers of somebody who logged in, so that the password is not asked for each time.",
      "session id": "The number of a session. It says nothing by itself: only who keeps the session knows whose it is.",
      cookie: "A small text that a node gives to a browser. The browser shows it again with every request.",
      credential: "What a browser shows so that it is known: a session id, or a JWT.",
      sticky: "The balancer ties each browser to one node, and sends all its requests there.",
      affinity: "How the balancer knows which node a browser belongs to: a cookie of its own, one that it has learned, or the address.",
      algorithm: "How the balancer picks a node where nothing ties the request to one: each in turn, the least busy one, at random.",
      strategy: "How nodes know who asks: notes in their own memory, notes in a shared Redis, or a signed JWT that the browser carries.",
      Redis: "A store in memory that all nodes share. It is a program of its own, and can fail like any other.",
      JWT: "A signed note that the browser carries itself: who it is, until when it is good, and a signature. Everybody can read it; nobody can change it unnoticed.",
      claim: "One statement in a JWT, such as who it is about or until when it is good.",
      pin: "What ties one browser to one node in the balancer's eyes.",
      drain: "To send a node no new browsers, while those that it has stay until they leave.",
      freeze: "To stop a program where it stands. It keeps its connections and answers nothing.",
      health: "The balancer asks every node again and again whether it is well, and leaves out those that are not.",
      status: "The number in an answer: 200 is well, 401 means that nobody is known, 502 to 504 that something behind it failed.",
      recipe: "A file that says how to log in to an app, and how to tell who it takes you for.",
    }),
  },
};

/** @typedef {{how: string, node: string, status: number | null, said: string}} Seen */

/** @param {string[]} names */
function list(names) {
  return new Intl.ListFormat("en").format(names);
}

/** @param {Seen} answer */
function became(answer) {
  if (answer.how === "ok") return "still logged in";
  return answer.how === "refused" ? `logged out (${answer.status})` : `without an answer (${answer.status ?? "silence"})`;
}

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
  },

  panels: {
    tabs: { title: "Browsers", says: "Each is a real client: it keeps what the cluster gives it, and sends it along." },
    history: { title: "What became of everybody", says: "A lane per user, from the first request until now." },
  },

  // ---- stories: the stories' screens ----
  stories: {
    title: "Stories",
  },

  // ---- depth: what lies behind a click ----
  depth: {
    title: "",
  },
};

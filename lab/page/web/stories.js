/** The list of stories, `#/stories`. */

/**
 * What the stories' screens ask of `net.js`: `get` and `post` answer the body, and throw the
 * Problem (RFC 9457) of an answer that is none; `hear` calls back with the data of that event of
 * the stream, and returns what ends it.
 * @typedef {object} Api
 * @property {(path: string) => Promise<any>} get as in `get("/stories")`
 * @property {(path: string, body: object) => Promise<any>} post
 * @property {(event: string, heard: (data: any) => void) => () => void} hear
 */

/**
 * Fills `root`; the router calls what is returned before it shows something else.
 * @param {HTMLElement} root
 * @param {Api} api
 * @returns {() => void}
 */
export function stories(root, api) {
  void [root, api];
  return () => {};
}

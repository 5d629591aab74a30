/** One story as it is played, `#/story/NAME`. */

/** @import {Api} from "page/stories.js" */

/**
 * Fills `root`; the router calls what is returned before it shows something else.
 * @param {HTMLElement} root
 * @param {Api} api
 * @param {string} name of the scenario
 * @returns {() => void}
 */
export function story(root, api, name) {
  void [root, api, name];
  return () => {};
}

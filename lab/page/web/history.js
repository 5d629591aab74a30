/** The panel below the cluster: the viewer of runs, fed with what happens now. */

/**
 * @param {HTMLElement} root the panel is appended to it
 * @returns {() => void} ends it
 */
export function history(root) {
  void root;
  return () => {};
}

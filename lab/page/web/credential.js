/** A credential looked into: opened by a click on it. */

/**
 * @param {string} tab
 * @param {string} cluster
 */
export function look(tab, cluster) {
  void [tab, cluster];
}

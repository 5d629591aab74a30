/** The dialog that keeps what was done by hand as a run and as a scenario script. */

/** @param {string} cluster */
export function record(cluster) {
  void cluster;
}

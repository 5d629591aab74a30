/** The tour of eight steps. */

/** Begins it, or goes on where it was left. */
export function tour() {}

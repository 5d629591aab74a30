/** Words of the field, explained where they stand. */

/**
 * A word with its explanation behind it (a click, a key, a hover).
 * @param {string} word
 * @returns {Node | string}
 */
export const term = (word) => word;

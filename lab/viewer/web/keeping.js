/** What stays for the reader while a page is drawn anew. What has a `data-keep` is known by it. */

/** @param {HTMLElement} root @param {string} name @param {string} key */
const known = (root, name, key) => /** @type {HTMLElement | null} */ (root.querySelector(`[data-${name}="${CSS.escape(key)}"]`));

/** @param {HTMLElement} root @param {string} key */
export function focusOn(root, key) {
  known(root, "keep", key)?.focus({ preventScroll: true });
}

/**
 * @param {HTMLElement} root
 * @param {() => void} draw
 */
export function keeping(root, draw) {
  const focused = root.contains(document.activeElement) && document.activeElement instanceof HTMLElement ? document.activeElement.dataset.keep : undefined;
  const kept = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-keep]")]);
  const open = kept.filter((each) => each instanceof HTMLDetailsElement && each.open).map((each) => each.dataset.keep ?? "");
  const scrolled = kept.filter((each) => each.scrollLeft || each.scrollTop).map((each) => /** @type {const} */ ([each.dataset.keep ?? "", each.scrollLeft, each.scrollTop]));
  const sections = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-section]")]);
  const first = sections.find((section) => section.getBoundingClientRect().bottom > 0);
  const top = first?.getBoundingClientRect().top ?? 0;
  draw();
  for (const key of open) {
    known(root, "keep", key)?.setAttribute("open", "");
    known(root, "keep", key)?.dispatchEvent(new Event("toggle")); // the browser's own comes too late to keep the place
  }
  for (const [key, left, down] of scrolled) known(root, "keep", key)?.scrollTo(left, down);
  if (focused && !(document.activeElement instanceof HTMLElement && document.activeElement.dataset.keep === focused)) focusOn(root, focused);
  const now = first && known(root, "section", first.dataset.section ?? "");
  if (now && window.scrollY > 0) window.scrollBy({ top: now.getBoundingClientRect().top - top, behavior: "instant" });
}

/** Makes what is on the page like what is to be there, and leaves alone what is so already: focus, open lists, movement stay. */

/** @import {Child} from "viewer/dom.js" */

const KEPT = new Set(["open", "value"]); // of the reader's own doing
const STEADY = 24; // px that a hand may move between pressing and letting go

/** @param {Node} node */
const key = (node) => (node instanceof Element ? node.getAttribute("data-key") : null);

/** @param {Node} old @param {Node} fresh */
const alike = (old, fresh) => old.nodeName === fresh.nodeName && key(old) === key(fresh);

/**
 * Fills an element; children of the same `data-key`, or else in the same place, are the same ones.
 * Listeners are not taken along: let the element that stays listen (`clicks`).
 * @param {Element} parent
 * @param {Child[]} children
 */
export function fill(parent, ...children) {
  const fresh = children.flatMap((child) => (child ? [typeof child === "string" ? document.createTextNode(child) : child] : []));
  const keyed = new Map([...parent.children].map((each) => [key(each), each]));
  let place = parent.firstChild;
  for (const each of fresh) {
    const old = key(each) === null ? place : keyed.get(key(each));
    keyed.delete(key(each)); // what comes twice is two
    if (old && alike(old, each)) {
      if (old === place) place = place.nextSibling;
      else parent.insertBefore(old, place);
      same(old, each);
    } else parent.insertBefore(each, place);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** @param {Node} old @param {Node} fresh */
function same(old, fresh) {
  if (!(old instanceof Element) || !(fresh instanceof Element)) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (!old.hasAttribute("data-own")) fill(old, ...fresh.childNodes);
}

/**
 * Calls what a button's `data-do` names, with the button. Who has pressed one clicks on it wherever
 * it is when they let go, for what is said above it moves it; unless they have moved away.
 * @param {Element} root
 * @param {Record<string, (button: HTMLButtonElement) => void>} does
 */
export function clicks(root, does) {
  const buttonOf = (/** @type {Event} */ { target }) => /** @type {Element} */ (target).closest("button[data-do]");
  let pressed = { clientX: 0, clientY: 0 };
  root.addEventListener("pointerdown", (event) => {
    const { pointerId, clientX, clientY } = /** @type {PointerEvent} */ (event);
    pressed = { clientX, clientY };
    buttonOf(event)?.setPointerCapture(pointerId);
  });
  root.addEventListener("click", (event) => {
    const button = buttonOf(event), { clientX, clientY, detail } = /** @type {MouseEvent} */ (event);
    if (!(button instanceof HTMLButtonElement) || button.getAttribute("aria-disabled") === "true") return;
    const moved = detail > 0 && Math.hypot(clientX - pressed.clientX, clientY - pressed.clientY) > STEADY; // 0 is the keyboard
    if (moved && !button.contains(document.elementFromPoint(clientX, clientY))) return;
    does[button.dataset.do ?? ""]?.(button);
  });
}

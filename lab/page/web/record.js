/** The dialog that keeps what was done by hand as a run and as a scenario script. */

import { html } from "viewer/dom.js";
import { copyable, dialog, field, wrong } from "page/dialog.js";
import { call, Refused } from "page/net.js";
import { texts } from "page/texts.js";

/** @import {Recording} from "page/types.js" */

const words = texts.depth.record;

/** @param {string} cluster */
export function record(cluster) {
  const { body } = dialog(words.title, "record");
  const name = html("input", { type: "text", autocomplete: "off", maxlength: 60 }), input = field(words.name, name, words.hint);
  const keep = html("button", { class: "go" }, words.keep), result = html("div", { class: "result", role: "status" });
  body.append(html("p", { class: "lead" }, words.says), html("form", { class: "row", submit: send }, input.element, keep), result);

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    input.wrong("");
    keep.disabled = true;
    try {
      result.replaceChildren(...kept(await call("POST", "/recordings", { name: name.value.trim(), cluster })));
    } catch (error) {
      result.replaceChildren();
      if (error instanceof Refused && error.problem.field) input.wrong(wrong(error));
      else result.append(html("p", { class: "bad" }, wrong(error)));
    }
    keep.disabled = false;
  }
}

/** @param {Recording} recording */
function kept({ folder, script, again }) {
  return [html("p", { class: "good" }, `✓ ${words.kept(folder)}`), html("p", {}, words.again), copyable(again.join("\n"), words.again),
    html("h3", {}, words.script), copyable(script, words.script)];
}

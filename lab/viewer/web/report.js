/** Begins a page that has all its data with it. */

import { viewer } from "viewer/viewer.js";

const data = document.getElementById("page")?.textContent ?? "null"; // the viewer takes the body for itself
export const report = viewer(document.body);
report.show(JSON.parse(data));

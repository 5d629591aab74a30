/** Begins a page that has all its data with it. */

import { show } from "viewer/viewer.js";

show(JSON.parse(document.getElementById("page")?.textContent ?? "null"));

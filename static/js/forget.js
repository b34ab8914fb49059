// Who has withdrawn has nothing to send any more.

import { forget } from "./task/unsent.js";

forget(document.querySelector("[data-forget]").dataset.forget);

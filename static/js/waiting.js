// Nothing is free right now: ask again by itself.
"use strict";
{
  const form = document.querySelector("[data-again]");
  setTimeout(() => form.requestSubmit(), Number(form.dataset.again) * 1000);
}

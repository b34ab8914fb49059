// Nothing is free right now: ask again by itself, and count down until the wait ends.
"use strict";
{
  const form = document.querySelector("[data-again]");
  const timer = document.querySelector("[data-seconds]");
  const endsAt = timer && Date.now() + 1000 * Number(timer.dataset.seconds);
  function count() {
    const left = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
    timer.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  }
  if (timer) {
    count();
    setInterval(count, 1000);
  }
  setTimeout(() => form.requestSubmit(), Number(form.dataset.again) * 1000);
}

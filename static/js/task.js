// Every task's page: measures the time, sends the answer, and keeps it when the connection drops.
"use strict";
{
  const form = document.querySelector("[data-task-form]");
  const button = form.querySelector("button[type=submit]");
  const notSent = form.querySelector("[data-not-sent]");
  const milliseconds = form.querySelector("input[name=page-milliseconds]");
  const before = Number(milliseconds.value) || 0;
  const shownAt = performance.now();
  let sending = false;

  function setSending(value) {
    sending = value;
    button.setAttribute("aria-disabled", String(value));
    form.classList.toggle("is-sending", value);
  }

  function say(text) {
    notSent.textContent = text;
    notSent.hidden = !text;
  }

  async function send() {
    let response;
    try {
      response = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Requested-With": "fetch" },
      });
    } catch {
      say("Your answer could not be sent: there is no connection. It is still here; try again.");
      return setSending(false);
    }
    if (response.status >= 500) {
      say("Your answer could not be stored: the site has a problem. It is still here; try again in a moment.");
      return setSending(false);
    }
    const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
    if (response.ok && isJson) {
      location.assign((await response.json()).next);
    } else {
      // The server has something to say: let the browser show its page. The same answer is never stored twice.
      form.submit();
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sending) return;
    milliseconds.value = String(Math.round(before + performance.now() - shownAt));
    say("");
    setSending(true);
    send();
  });

  // A page that the browser kept in memory may be older than the answers that are stored.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  addEventListener("load", () => {
    for (const address of (form.dataset.preload || "").split(" ").filter(Boolean)) new Image().src = address;
  });

  // The next picture stays reserved as long as this page is looked at.
  setInterval(() => {
    if (document.hidden || !form.dataset.preload) return;
    const token = form.querySelector("input[name=csrfmiddlewaretoken]").value;
    fetch(form.dataset.keep, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => {});
  }, 60_000);
}

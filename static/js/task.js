// Every task's page: measures the time, sends the answer, and puts the next task into the page that is there.
// What an answer brings is the next task's progress and main part; `Content-Location` is the address they have.
// Whatever else comes is a page of its own, which the browser shows. A kind's script hears "turn" for every task.
"use strict";
{
  const ASK_SECONDS = 30;
  const KEEP_SECONDS = 60;
  const BY_SCRIPT = { "X-Requested-With": "fetch" };
  let turn = null; // the task that is shown: its form, when it appeared, whether its answer is on its way

  function begin() {
    const form = document.querySelector("[data-task-form]");
    const milliseconds = form.querySelector("input[name=page-milliseconds]");
    const before = Number(milliseconds.value) || 0;
    const address = location.pathname;
    turn = { address, form, milliseconds, before, shownAt: performance.now(), sending: false };
    for (const address of (form.dataset.preload || "").split(" ").filter(Boolean)) new Image().src = address;
    document.dispatchEvent(new CustomEvent("turn"));
  }

  function setSending(value) {
    turn.sending = value;
    turn.form.querySelector("button[type=submit]").setAttribute("aria-disabled", String(value));
    turn.form.classList.toggle("is-sending", value);
  }

  function say(text) {
    const notSent = turn.form.querySelector("[data-not-sent]");
    notSent.textContent = text;
    notSent.hidden = !text;
  }

  function ask(address, options) {
    return fetch(address, { ...options, headers: BY_SCRIPT, signal: limit() });
  }

  // Older browsers wait as long as they like.
  function limit() {
    return AbortSignal.timeout?.(1000 * ASK_SECONDS);
  }

  // Put a task into the page; false if what came is none.
  function show(text, address) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const main = page.querySelector("main");
    if (!main?.querySelector("[data-task-form]")) return false;
    if (address !== location.pathname) history.pushState(null, "", address);
    document.title = page.title;
    document.querySelector("main").replaceWith(document.adoptNode(main));
    document.querySelector(".site-progress")?.replaceWith(document.adoptNode(page.querySelector(".site-progress")));
    scrollTo(0, 0);
    begin();
    document.querySelector("[data-heading]").focus({ preventScroll: true });
    return true;
  }

  // Somebody went back while an answer was on its way.
  function isElsewhere(sent) {
    return turn !== sent || location.pathname !== sent.address;
  }

  function tellOfAnother() {
    say("Your answer to the task that you were at did not arrive. Go forward to it, and send it again.");
  }

  async function send() {
    const sent = turn;
    const { form } = sent;
    let response, text;
    try {
      response = await ask(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      text = await response.text();
    } catch {
      if (isElsewhere(sent)) return tellOfAnother();
      say("Your answer could not be sent: there is no connection. It is still here; try again.");
      return setSending(false);
    }
    const hasArrived = response.ok;
    if (isElsewhere(sent)) return hasArrived ? undefined : tellOfAnother();
    if (response.status >= 500) {
      say("Your answer could not be stored: the site has a problem. It is still here; try again in a moment.");
      return setSending(false);
    }
    const address = response.headers.get("Content-Location");
    const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
    if (hasArrived && isJson) {
      location.assign(JSON.parse(text).next);
    } else if (!address || !show(text, address)) {
      // The server has something to say: let the browser show its page. The same answer is never stored twice.
      form.submit();
    }
  }

  document.addEventListener("submit", (event) => {
    if (event.target !== turn.form) return;
    event.preventDefault();
    if (turn.sending) return;
    turn.milliseconds.value = String(Math.round(turn.before + performance.now() - turn.shownAt));
    say("");
    setSending(true);
    send();
  });

  // Back and forward: the turn of that address, as it is stored now.
  addEventListener("popstate", async () => {
    const address = location.pathname;
    if (address === turn.address) return; // somewhere else on this page
    try {
      const response = await ask(address);
      const text = await response.text();
      if (address !== location.pathname) return; // gone on meanwhile
      if (response.ok && !response.redirected && show(text, address)) return;
    } catch {
      // Without a connection the browser says so.
    }
    location.reload();
  });

  // A page that the browser kept in memory may be older than the answers that are stored.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  // The next picture stays reserved as long as this page is looked at.
  setInterval(() => {
    if (document.hidden || !turn.form.dataset.preload) return;
    const token = turn.form.querySelector("input[name=csrfmiddlewaretoken]").value;
    const headers = { "X-CSRFToken": token };
    fetch(turn.form.dataset.keep, { method: "POST", headers, signal: limit() }).catch(() => {});
  }, 1000 * KEEP_SECONDS);

  addEventListener("DOMContentLoaded", begin); // the scripts of kinds listen by then
}

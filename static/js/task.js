// Every task's page: measures, sends the answer, and puts the next task into the page that is there. What an
// answer brings is the next task's progress and main part; `Content-Location` is the address they have. What
// else comes is shown in their place. A kind's script hears "turn" for every task.

import { Clock } from "./task/clock.js";
import { prepareKeySwitch } from "./task/keys.js";
import { Lease } from "./task/lease.js";
import { Looks } from "./task/looks.js";
import { whenPainted } from "./task/painting.js";
import { askOtherTabs } from "./task/tabs.js";
import * as unsent from "./task/unsent.js";

const KEEP_SECONDS = 60;
const { person, language } = document.querySelector("[data-task-form]").dataset;
let turn = null; // the task that is shown
let onItsWay = null; // the turn whose answer has not arrived yet
let isKept = true; // whether that answer outlives this page

function begin({ isFirst = false, goesOn = false } = {}) {
  const form = document.querySelector("[data-task-form]");
  const mine = { form, address: location.pathname, isPainted: false };
  turn = mine;
  const base = form.elements["page-base"].value;
  // Who comes back to a task that is not answered looks at it again; a correction begins anew.
  mine.clock = new Clock(`${mine.address} ${base}`, { isFirst, goesOn: goesOn || base === "" });
  mine.looks = new Looks(document.querySelector("[data-task]"));
  mine.lease = new Lease(form, (what) => turn === mine && say(what && `lease-${what}`));
  setEnabled(mine, false);
  prepareKeySwitch();
  for (const address of (form.dataset.preload || "").split(" ").filter(Boolean)) new Image().src = address;
  document.dispatchEvent(new CustomEvent("turn"));
  whenPainted(
    mine.looks.images,
    () => turn === mine,
    () => say("pictures"),
  ).then((at) => at !== null && painted(mine, at));
}

function painted(mine, at) {
  mine.isPainted = true;
  mine.form.toggleAttribute("data-painted", true);
  mine.clock.notePainted(at);
  if (isSaid("pictures")) say("");
  if (onItsWay !== mine) setEnabled(mine, true);
  mine.looks.noteHashes();
}

function setEnabled({ form }, isEnabled) {
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = !isEnabled;
  form.classList.toggle("is-waiting", !isEnabled);
}

function setSending(mine, submitter) {
  setEnabled(mine, false);
  for (const button of mine.form.querySelectorAll("button[name]")) {
    button.toggleAttribute("data-chosen", button === submitter);
  }
}

// One of the page's messages, or none.
function say(what) {
  for (const message of document.querySelectorAll("[data-say]")) message.hidden = message.dataset.say !== what;
}

function isSaid(what) {
  return !document.querySelector(`[data-say="${what}"]`).hidden;
}

function put(page, address) {
  if (address !== location.pathname) history.pushState(null, "", address);
  turn?.clock?.noteVisible(false, performance.now());
  turn?.lease.end();
  say("");
  document.title = page.title;
  document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
  const progress = page.querySelector(".site-progress");
  const shown = document.querySelector(".site-progress");
  if (progress) shown?.replaceWith(document.adoptNode(progress));
  else shown?.remove();
  scrollTo(0, 0);
}

// Put a task into the page; false if what came is none.
function show(text, address, goesOn = false) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const form = page.querySelector("main [data-task-form]");
  if (!form || !document.querySelector(".site-progress")) return false;
  if (form.dataset.language !== language) {
    // Chosen in another tab: what stands around the task has to be said in it, too.
    location.assign(address);
    return true;
  }
  put(page, address);
  begin({ goesOn });
  document.querySelector("[data-heading]").focus({ preventScroll: true });
  return true;
}

// What the site has to say instead.
function showOther(text, address) {
  const page = new DOMParser().parseFromString(text, "text/html");
  if (!page.querySelector("main")) return location.reload();
  put(page, address);
  turn = { form: null, address, isPainted: false, clock: null, lease: { end() {} } };
  document.querySelector("main").focus();
}

function fields(form, submitter, said) {
  const data = new FormData(form);
  if (submitter?.name) data.append(submitter.name, submitter.value);
  data.set("page-measured", JSON.stringify(said));
  return new URLSearchParams(data).toString();
}

async function send(mine, answer) {
  onItsWay = mine;
  isKept = unsent.keep(person, answer);
  const said = await unsent.deliver(answer, (what) => turn === mine && say(what && `not-sent-${what}`));
  onItsWay = null;
  if (said && unsent.isJudged(said)) unsent.forget(person);
  if (mine.isFromBefore) return tellOfBefore(said);
  if (turn !== mine) {
    // Somebody went back meanwhile.
    if (!said?.response.ok) say("not-stored");
    if (turn.isPainted) setEnabled(turn, true);
    return;
  }
  if (!said) {
    say("not-sent-failed");
    return setEnabled(mine, true);
  }
  say("");
  const { response, text } = said;
  const address = response.headers.get("Content-Location");
  const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
  if (response.ok) mine.clock.forget();
  if (response.ok && isJson) location.assign(JSON.parse(text).next);
  else if (!address || !show(text, address, !response.ok)) showOther(text, mine.address);
}

// What became of an answer to another task than the one that is shown.
function tellOfBefore(said) {
  if (!said) {
    unsent.forget(person); // or nothing could ever be answered again
    say("before-failed");
  } else if (said.response.status === 409) say("before-late");
  if (turn.isPainted) setEnabled(turn, true);
}

document.addEventListener("submit", (event) => {
  if (event.target !== turn.form) return;
  event.preventDefault();
  if (!turn.isPainted) return;
  if (onItsWay) return say("not-sent-yet");
  const said = { ...turn.clock.answered(), ...turn.looks.said() };
  const body = fields(turn.form, event.submitter, said);
  say("");
  setSending(turn, event.submitter);
  send(turn, { address: turn.form.action, body });
});

// An answer that a page before this one could not send.
function sendKept() {
  const answer = unsent.kept(person);
  if (!answer) return;
  const body = new URLSearchParams(answer.body);
  body.set("csrfmiddlewaretoken", turn.form.elements.csrfmiddlewaretoken.value);
  const isOfThisTurn = answer.address === turn.form.action;
  const chosen = isOfThisTurn && turn.form.querySelector(`button[name=choice][value="${CSS.escape(body.get("choice"))}"]`);
  if (isOfThisTurn) setSending(turn, chosen);
  send(isOfThisTurn ? turn : { isFromBefore: true }, { address: answer.address, body: body.toString() });
}

document.addEventListener("click", async (event) => {
  if (!event.target.closest?.("[data-more-time]")) return;
  const mine = turn;
  const found = await mine.lease.extend(unsent.ask);
  if (found !== "more" && turn === mine) say(`lease-${found}`);
});

// --- What is measured

const DEVICES = ["mouse", "touch", "pen"];

function noteInput(event) {
  if (!event.isTrusted || !turn.clock) return;
  const isKey = event.type === "keydown" || (event.type === "click" && !event.pointerType);
  const device = isKey ? "keyboard" : DEVICES.includes(event.pointerType) ? event.pointerType : "other";
  turn.clock.noteInput(device, event.timeStamp);
}

for (const type of ["keydown", "pointerdown", "click"]) document.addEventListener(type, noteInput, { capture: true });

document.addEventListener("visibilitychange", (event) => turn.clock?.noteVisible(!document.hidden, event.timeStamp));
addEventListener("pagehide", (event) => turn.clock?.noteVisible(false, event.timeStamp));

// --- Keys

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input, textarea, select");
  if (event.key !== "0" || isTyping || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (turn.isPainted && !document.body.hasAttribute("data-no-keys")) turn.looks.toggleOverlay();
});

// --- Addresses and tabs

// Back and forward: the turn of that address, as it is stored now.
addEventListener("popstate", async () => {
  const address = location.pathname;
  if (address === turn.address) return; // somewhere else on this page
  try {
    const response = await unsent.ask(address);
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

addEventListener("beforeunload", (event) => {
  if (onItsWay && !isKept) event.preventDefault();
});

// The next picture stays reserved as long as this page is looked at.
setInterval(() => {
  if (document.hidden || !turn.form?.dataset.preload) return;
  const headers = { "X-CSRFToken": turn.form.elements.csrfmiddlewaretoken.value };
  fetch(turn.form.dataset.keep, { method: "POST", headers, signal: unsent.limit() }).then(
    (response) => response.status === 409 && say("other-device"),
    () => {},
  );
}, 1000 * KEEP_SECONDS);

// The scripts of kinds listen by then.
addEventListener("DOMContentLoaded", () => {
  begin({ isFirst: true });
  sendKept();
  askOtherTabs(person, () => say("other-tab"));
});

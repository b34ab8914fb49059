// Let passwords be seen while they are typed, and tell how long a new one is.
"use strict";

const ENOUGH = 12;
const STRONG = 20;

function addShow(input) {
  const around = document.createElement("div");
  around.className = "password";
  const show = document.createElement("button");
  show.type = "button";
  show.className = "button secondary";
  show.textContent = "Show";
  show.setAttribute("aria-label", "Show what is typed");
  show.setAttribute("aria-pressed", "false");
  const set = (shown) => {
    input.type = shown ? "text" : "password";
    show.setAttribute("aria-pressed", String(shown));
  };
  show.addEventListener("click", () => set(input.type === "password"));
  // Else the browser would offer it among what was typed before.
  input.form.addEventListener("submit", () => set(false));
  const typing = document.activeElement === input; // before this script came: moving a field ends that
  input.replaceWith(around);
  around.append(input, show);
  if (typing) input.focus();
}

function addLength(input) {
  const meter = document.createElement("meter");
  meter.max = STRONG;
  meter.low = meter.high = ENOUGH;
  meter.optimum = STRONG;
  meter.setAttribute("aria-label", "Length of the new password");
  const words = document.createElement("p");
  words.className = "hint";
  words.setAttribute("role", "status");
  const tell = () => {
    const length = [...input.value].length;
    meter.value = Math.min(length, STRONG);
    if (length === 0) words.textContent = "";
    else if (length < ENOUGH) words.textContent = `${length} of at least ${ENOUGH} characters`;
    else if (length < STRONG) words.textContent = "Long enough; every further word makes it stronger";
    else words.textContent = "Long: hard to guess, unless it is a known saying";
  };
  input.addEventListener("input", tell);
  input.closest(".password").after(meter, words);
  tell();
}

{
  for (const input of document.querySelectorAll('input[type="password"]')) addShow(input);
  const fresh = document.querySelector('input[autocomplete="new-password"]'); // the first one; the other repeats it
  if (fresh) addLength(fresh);
}

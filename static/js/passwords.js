// Let passwords be seen while they are typed, and tell how long a new one is. Whoever takes part with an account
// sees the button, so its words come with the page.
"use strict";

const words = document.currentScript.dataset;
const ENOUGH = 12;
const STRONG = 20;

function addShow(input) {
  const around = document.createElement("div");
  around.className = "password";
  const show = document.createElement("button");
  show.type = "button";
  show.className = "button secondary";
  show.textContent = words.show;
  show.setAttribute("aria-label", words.showWhat);
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
  const told = document.createElement("p");
  told.className = "hint";
  told.setAttribute("role", "status");
  const tell = () => {
    const length = [...input.value].length;
    meter.value = Math.min(length, STRONG);
    if (length === 0) told.textContent = "";
    else if (length < ENOUGH) told.textContent = `${length} of at least ${ENOUGH} characters`;
    else if (length < STRONG) told.textContent = "Long enough; every further word makes it stronger";
    else told.textContent = "Long: hard to guess, unless it is a known saying";
  };
  input.addEventListener("input", tell);
  input.closest(".password").after(meter, told);
  tell();
}

{
  for (const input of document.querySelectorAll('input[type="password"]')) addShow(input);
  const fresh = document.querySelector('input[autocomplete="new-password"]'); // the first one; the other repeats it
  if (fresh) addLength(fresh);
}

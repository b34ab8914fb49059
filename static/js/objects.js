// The list of objects: keeps the order of the clicks, finds by name, and lets "none" and objects exclude each other.

import { matching } from "./task/ranking.js";

document.addEventListener("turn", () => {
  const list = document.querySelector("[data-objects]");
  const form = list.closest("form");
  const boxes = [...list.querySelectorAll("input[name=objects]")];
  const none = list.querySelector("input[name=none]");
  const chosen = list.querySelector("[data-chosen]");
  const chosenFrame = list.querySelector("[data-chosen-frame]");
  const finder = list.querySelector("[data-find]");
  const find = finder.querySelector("input");
  const noMatch = list.querySelector("[data-no-match]");
  const named = new Map(boxes.map((box) => [box.closest("label").textContent.trim(), box]));
  // Each person's page has its own order; what is found by typing has the same one for everybody.
  const names = [...named.keys()].sort((one, other) => one.localeCompare(other));
  const nameOf = new Map([...named].map(([name, box]) => [box.value, name]));

  // An answer that is being corrected comes with its order.
  let order = [...chosen.children].map((item) => item.dataset.value).filter((value) => nameOf.has(value));

  function showChosen() {
    chosen.replaceChildren(
      ...order.map((value) => {
        const item = document.createElement("li");
        item.dataset.value = value;
        item.textContent = nameOf.get(value);
        return item;
      }),
    );
    chosenFrame.hidden = order.length === 0;
  }

  function tick(box) {
    order = order.filter((value) => value !== box.value);
    if (box.checked) {
      order.push(box.value);
      none.checked = false;
    }
    showChosen();
  }

  list.addEventListener("change", (event) => {
    if (boxes.includes(event.target)) tick(event.target);
    if (event.target === none && none.checked) {
      for (const box of boxes) box.checked = false;
      order = [];
      showChosen();
    }
  });

  // A browser sends ticked boxes in the order of the page; this puts them into the order of the clicks.
  form.addEventListener("formdata", (event) => {
    event.formData.delete("objects");
    for (const value of order) event.formData.append("objects", value);
  });

  function found() {
    return matching(names, find.value).map((name) => named.get(name));
  }

  function showMatches() {
    // The first one shown is the one that Enter ticks.
    const shown = find.value.trim() ? found() : boxes;
    for (const box of boxes) box.closest("label").hidden = !shown.includes(box);
    list.querySelector(".objects__list").append(...shown.map((box) => box.closest("label")));
    noMatch.hidden = shown.length > 0;
  }

  function tickFirst() {
    const first = found().find((box) => !box.checked);
    if (!first) return;
    first.checked = true;
    tick(first);
    find.value = "";
  }

  find.addEventListener("input", showMatches);
  find.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter takes what is being composed, such as a Chinese word
    if (event.key === "Escape") find.value = "";
    if (event.key === "Enter") {
      event.preventDefault();
      if (find.value.trim()) tickFirst();
      else if (order.length || none.checked) form.requestSubmit(form.querySelector("button[type=submit]:enabled"));
    }
    if (event.key === "Escape" || event.key === "Enter") showMatches();
  });

  finder.hidden = false;
  showChosen();
});

// What is typed on arrival looks for an object.
document.addEventListener("keydown", (event) => {
  const isAtPage = event.target === document.body || event.target.matches?.("main, [data-heading]");
  const isPrintable = event.key.length === 1 && event.key.trim() && event.key !== "0";
  if (!isAtPage || !isPrintable || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!document.body.hasAttribute("data-no-keys")) document.querySelector("#find").focus();
});

// The list of objects: keeps the order of the clicks, finds by name, and lets "none" and objects exclude each other.
"use strict";
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

  // An answer that is being corrected comes with its order.
  let order = [...chosen.children].map((item) => item.textContent).filter((name) => boxes.some((box) => box.value === name));

  function showChosen() {
    chosen.replaceChildren(
      ...order.map((name) => {
        const item = document.createElement("li");
        item.textContent = name;
        return item;
      }),
    );
    chosenFrame.hidden = order.length === 0;
  }

  function tick(box) {
    order = order.filter((name) => name !== box.value);
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
    for (const name of order) event.formData.append("objects", name);
  });

  function matches() {
    const wanted = find.value.trim().toLowerCase();
    return boxes.filter((box) => box.value.toLowerCase().includes(wanted));
  }

  function showMatches() {
    const found = new Set(matches());
    for (const box of boxes) box.closest("label").hidden = !found.has(box);
    noMatch.hidden = found.size > 0;
  }

  find.addEventListener("input", showMatches);
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape") find.value = "";
    if (event.key === "Enter") {
      event.preventDefault();
      const [first] = matches();
      if (!first || !find.value.trim()) return;
      if (!first.checked) {
        first.checked = true;
        tick(first);
      }
      find.value = "";
    }
    if (event.key === "Escape" || event.key === "Enter") showMatches();
  });

  finder.hidden = false;
  showChosen();
});

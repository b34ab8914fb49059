// All keys of a task can be switched off, for those whose device types by itself. Kept for this browser.

const NAME = "keys";

function isOff() {
  try {
    return localStorage.getItem(NAME) === "off";
  } catch {
    return false;
  }
}

let off = isOff();

// For every task that is shown.
export function prepareKeySwitch() {
  const box = document.querySelector("[data-key-switch]");
  box.closest("[data-key-switch-frame]").hidden = false;
  box.checked = !off;
  document.body.toggleAttribute("data-no-keys", !box.checked);
  box.addEventListener("change", () => {
    off = !box.checked;
    document.body.toggleAttribute("data-no-keys", off);
    try {
      localStorage.setItem(NAME, box.checked ? "on" : "off");
    } catch {
      // For as long as this page is there, then.
    }
  });
}

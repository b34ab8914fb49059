// All keys of a task can be switched off, for those whose device types by itself. Kept for this browser.

const NAME = "keys";

function isOff() {
  try {
    return localStorage.getItem(NAME) === "off";
  } catch {
    return false;
  }
}

// For every task that is shown.
export function prepareKeySwitch() {
  const box = document.querySelector("[data-key-switch]");
  box.closest("[data-key-switch-frame]").hidden = false;
  box.checked = !isOff();
  document.body.toggleAttribute("data-no-keys", !box.checked);
  box.addEventListener("change", () => {
    document.body.toggleAttribute("data-no-keys", !box.checked);
    try {
      localStorage.setItem(NAME, box.checked ? "on" : "off");
    } catch {
      // For this page, then.
    }
  });
}

// Number keys choose one of a set of radio buttons; Enter submits.
"use strict";
{
  const choices = document.querySelector("[data-keys]");
  const form = choices.closest("form");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === "Enter" && event.target === document.body) {
      event.preventDefault();
      form.requestSubmit();
      return;
    }
    const radio = choices.querySelector(`input[value="${CSS.escape(event.key)}"]`);
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    radio.focus();
  });
}

// Number keys choose one of a set of radio buttons; Enter submits.
"use strict";
{
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const choices = document.querySelector("[data-keys]");
    const isAtPage = event.target === document.body || event.target.matches("main, [data-heading]");
    if (event.key === "Enter" && isAtPage) {
      event.preventDefault();
      choices.closest("form").requestSubmit();
      return;
    }
    const radio = choices.querySelector(`input[value="${CSS.escape(event.key)}"]`);
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    radio.focus();
  });
}

// Number keys answer. Before its pictures are painted a task's buttons are disabled, and keys do nothing.

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
  if (document.body.hasAttribute("data-no-keys") || event.target.matches?.("input, textarea, select")) return;
  const button = document.querySelector(`[data-keys] button[value="${CSS.escape(event.key)}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

// Of a long prompt three lines are shown; the word is in one of them.
document.addEventListener("turn", () => {
  const word = document.querySelector("[data-word]");
  const prompt = word.parentElement;
  const middle = (box) => (box.top + box.bottom) / 2;
  prompt.scrollTop += middle(word.getBoundingClientRect()) - middle(prompt.getBoundingClientRect());
});

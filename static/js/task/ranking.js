// Which names of a list somebody may mean by what is typed: those that are it, begin with it, have a word that
// begins with it, contain it; in the order of the list otherwise.

// Without accents, which not every keyboard has, and without marks of where a word may be broken.
function folded(text) {
  return text
    .normalize("NFD")
    .replace(/[\p{M}\u00AD]/gu, "")
    .toLocaleLowerCase();
}

function rank(name, typed) {
  if (name === typed) return 0;
  if (name.startsWith(typed)) return 1;
  if (name.split(/[\s-]+/).some((word) => word.startsWith(typed))) return 2;
  return name.includes(typed) ? 3 : null;
}

export function matching(names, typed) {
  const wanted = folded(typed.trim());
  if (!wanted) return names;
  const ranks = new Map(names.map((name) => [name, rank(folded(name), wanted)]));
  const found = names.filter((name) => ranks.get(name) !== null);
  return found.sort((one, other) => ranks.get(one) - ranks.get(other)); // sorting keeps the list's order
}

// Which names of a list somebody may mean by what is typed: those that are it, begin with it, have a word that
// begins with it, contain it; in the order of the list otherwise.

function rank(name, typed) {
  if (name === typed) return 0;
  if (name.startsWith(typed)) return 1;
  if (name.split(/[\s-]+/).some((word) => word.startsWith(typed))) return 2;
  return name.includes(typed) ? 3 : null;
}

export function matching(names, typed) {
  const wanted = typed.trim().toLocaleLowerCase();
  if (!wanted) return names;
  const ranks = new Map(names.map((name) => [name, rank(name.toLocaleLowerCase(), wanted)]));
  const found = names.filter((name) => ranks.get(name) !== null);
  return found.sort((one, other) => ranks.get(one) - ranks.get(other)); // sorting keeps the list's order
}

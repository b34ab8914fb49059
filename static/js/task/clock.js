// When a turn's page appeared, was painted, was first touched and was looked at: whole milliseconds since it
// appeared. What was measured before a reload goes on, where the browser lets this tab remember.

const MOST_SPANS = 20;

// Where storage is blocked, reading the property itself fails.
function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

function wasLoadedAgain() {
  const [navigation] = performance.getEntriesByType("navigation");
  return ["reload", "back_forward"].includes(navigation?.type);
}

export class Clock {
  // `name` is the same one for the same page of the same turn. `isFirst`: of the page that the browser loaded;
  // `goesOn`: what was measured before is of the same look at the task.
  constructor(name, { isFirst, goesOn }) {
    this.name = `turn ${name}`;
    const kept = isFirst || goesOn ? this.#read() : null;
    this.appearedAt = kept?.appearedAt ?? performance.timeOrigin + performance.now();
    this.painted = kept?.painted ?? null;
    this.firstInput = kept?.firstInput ?? null;
    this.spans = kept?.spans ?? [];
    this.isInterrupted = isFirst && (kept !== null || wasLoadedAgain());
    this.isOpen = false; // whether the last span goes on
    this.lastInput = { at: performance.now(), device: "other" };
    this.#keep();
  }

  // `at` as events and animation frames have it.
  since(at) {
    return Math.max(0, Math.round(performance.timeOrigin + at - this.appearedAt));
  }

  notePainted(at) {
    this.painted ??= this.since(at);
    this.#open(at);
  }

  noteVisible(isVisible, at) {
    if (!isVisible) this.#close(at);
    else if (this.isPainted) this.#open(at);
  }

  noteInput(device, at) {
    this.lastInput = { at, device };
    this.firstInput ??= this.since(at);
    this.#keep();
  }

  // What is said of an answer that the last input gave.
  answered() {
    const answered = this.since(this.lastInput.at);
    const spans = this.spans.map(([begin, end], index) => {
      const goesOn = this.isOpen && index === this.spans.length - 1;
      return [begin, goesOn ? Math.max(begin, answered) : end];
    });
    const said = { answered, visible: spans, input: this.lastInput.device };
    if (this.painted !== null) said.painted = this.painted;
    if (this.firstInput !== null) said.first_input = this.firstInput;
    if (this.isInterrupted) said.interrupted = true;
    return said;
  }

  forget() {
    try {
      tabStorage()?.removeItem(this.name);
    } catch {
      // It was never kept.
    }
  }

  #open(at) {
    this.isPainted = true;
    if (this.isOpen || document.hidden) return;
    const now = this.since(at);
    // Of more spans than there is room for, the last ones are one.
    if (this.spans.length < MOST_SPANS) this.spans.push([now, now]);
    this.isOpen = true;
    this.#keep();
  }

  #close(at) {
    if (this.isOpen) this.spans.at(-1)[1] = this.since(at);
    this.isOpen = false;
    this.#keep();
  }

  #read() {
    try {
      return JSON.parse(tabStorage()?.getItem(this.name) ?? "null");
    } catch {
      return null;
    }
  }

  #keep() {
    const { appearedAt, painted, firstInput, spans } = this;
    try {
      tabStorage()?.setItem(this.name, JSON.stringify({ appearedAt, painted, firstInput, spans }));
    } catch {
      // Then the turn is told as interrupted when it is loaded again.
    }
  }
}

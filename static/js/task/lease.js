// A task is somebody's for a time. Two minutes before it is over the page says so, and offers more.

const WARN_SECONDS = 120;

export class Lease {
  // `tell` hears "ending", "over" or "".
  constructor(form, tell) {
    this.tell = tell;
    this.extendAddress = form.dataset.extend;
    this.token = form.elements.csrfmiddlewaretoken.value;
    if (form.dataset.leaseSeconds) this.#wait(Number(form.dataset.leaseSeconds));
  }

  end() {
    clearTimeout(this.timer);
  }

  // "more" if there is, "no-more", or "trouble" where nobody answered.
  async extend(ask) {
    try {
      const response = await ask(this.extendAddress, { method: "POST", headers: { "X-CSRFToken": this.token } });
      if (response.status === 409) return "no-more";
      if (!response.ok) return "trouble";
      const { seconds } = await response.json();
      this.#wait(seconds);
      this.tell("");
      return "more";
    } catch {
      return "trouble";
    }
  }

  #wait(seconds) {
    this.end();
    this.endsAt = Date.now() + 1000 * seconds;
    this.#look();
  }

  // A tab that sleeps is told late, and by the clock.
  #look() {
    const left = (this.endsAt - Date.now()) / 1000;
    if (left <= 0) return this.tell("over");
    const isEnding = left <= WARN_SECONDS;
    if (isEnding) this.tell("ending");
    const next = isEnding ? left : left - WARN_SECONDS;
    this.timer = setTimeout(() => this.#look(), 1000 * Math.min(next + 0.05, 3600));
  }
}

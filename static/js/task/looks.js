// How a task is shown: on what, how large, enlarged or not, with or without the overlay; and the hashes of the
// very pictures that came.

const HEX = 16;

async function sha256(address) {
  const content = await (await fetch(address, { cache: "force-cache" })).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return [...digest].map((byte) => byte.toString(HEX).padStart(2, "0")).join("");
}

export class Looks {
  constructor(task) {
    this.task = task;
    this.pictures = [...task.querySelectorAll("[data-picture]")];
    this.images = this.pictures.map((picture) => picture.querySelector("img"));
    this.enlarged = 0;
    this.overlayHidden = 0;
    this.hashes = {};
    for (const picture of this.pictures) this.#prepareEnlarging(picture);
    this.overlay = task.querySelector("[data-picture=overlay]");
    if (this.overlay) this.#prepareHiding();
  }

  // Once they are painted. Without a secure connection browsers compute no hashes.
  async noteHashes() {
    if (!globalThis.crypto?.subtle) return;
    for (const [index, image] of this.images.entries()) {
      try {
        this.hashes[`${this.pictures[index].dataset.picture}_sha256`] = await sha256(image.src);
      } catch {
        return; // from another host, or the connection is gone: it is not known
      }
    }
  }

  toggleOverlay() {
    if (!this.overlay) return;
    if (!this.plain.naturalWidth) this.plain.src = this.images[0].src; // it had not come
    const isHidden = this.overlay.classList.toggle("is-plain");
    this.overlayHidden += isHidden;
    this.task.querySelector("[data-toggle-overlay]").setAttribute("aria-pressed", String(isHidden));
  }

  toggleEnlarged(picture) {
    const isEnlarged = picture.classList.toggle("is-enlarged");
    for (const other of this.pictures) if (other !== picture) other.classList.remove("is-enlarged");
    this.task.classList.toggle("has-enlarged", isEnlarged);
    for (const each of this.pictures) {
      const button = each.querySelector("[data-enlarge]");
      button.setAttribute("aria-pressed", String(each.classList.contains("is-enlarged")));
    }
    this.enlarged += isEnlarged;
    if (isEnlarged) picture.scrollIntoView({ block: "nearest" });
  }

  said() {
    const [image] = this.images;
    const box = image.getBoundingClientRect();
    const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
    const { scrollHeight, clientHeight } = document.documentElement;
    return {
      arrangement: scrollHeight <= clientHeight + 1 ? "one screen" : "scrolling",
      viewport: [innerWidth, innerHeight],
      picture: [image.naturalWidth, image.naturalHeight].map((side) => Math.round(scale * side)),
      pixel_ratio: Math.round(100 * devicePixelRatio),
      scheme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
      direction: getComputedStyle(this.task.querySelector("[data-options]") ?? this.task).direction,
      language: this.task.querySelector("[data-task-form]").dataset.language,
      enlarged: this.enlarged,
      overlay_hidden: this.overlayHidden,
      ...this.hashes,
    };
  }

  #prepareEnlarging(picture) {
    const enlarge = picture.querySelector("[data-enlarge]");
    enlarge.hidden = false;
    enlarge.addEventListener("click", () => this.toggleEnlarged(picture));
    picture.querySelector(".picture__frame").addEventListener("click", () => this.toggleEnlarged(picture));
  }

  #prepareHiding() {
    // What is under it, so that nothing moves when it comes and goes.
    const plain = this.images[0].cloneNode();
    plain.classList.add("picture__plain");
    plain.alt = "";
    this.overlay.querySelector("img").after(plain);
    this.plain = plain;
    const toggle = this.task.querySelector("[data-toggle-overlay]");
    toggle.hidden = false;
    toggle.addEventListener("click", () => this.toggleOverlay());
  }
}

// Pictures, until they are painted: nothing is answered before. One that does not come is asked for again.

const AGAIN_SECONDS = [1, 2, 5, 10, 30];
// For the first time; then twice as long each time, for those whose network takes that long.
const LOAD_SECONDS = 20;

function frame() {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}

// Until the connection is back, or so many seconds are over.
export function pause(seconds) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, 1000 * seconds);
    addEventListener("online", end);
  });
}

function within(seconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("late")), 1000 * seconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function load(image, isWanted, tellMissing) {
  for (let tries = 0; isWanted(); tries++) {
    try {
      await within(LOAD_SECONDS * 2 ** tries, image.decode());
      return;
    } catch {
      if (!isWanted()) return;
      tellMissing();
      await pause(AGAIN_SECONDS[Math.min(tries, AGAIN_SECONDS.length - 1)]);
      image.src = image.src; // what failed is not asked for again by itself
    }
  }
}

// The time of the second frame after all pictures are there, while somebody can see them; null if the page is
// not `isWanted` any more. `tellMissing` hears of each picture that did not come.
export async function whenPainted(images, isWanted, tellMissing) {
  await Promise.all(images.map((image) => load(image, isWanted, tellMissing)));
  let at;
  do {
    await frame();
    at = await frame();
  } while (document.hidden);
  return isWanted() ? at : null;
}

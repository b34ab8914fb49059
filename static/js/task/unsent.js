// The one answer that may be on its way: it is sent until somebody has said that it arrived. Where the browser
// lets this site remember, it outlives the page. It is sent by pages of its own person only, and shown on none.

import { pause } from "./painting.js";

const NAME = "unsent ";
const DAY = 24 * 60 * 60 * 1000;
const ASK_SECONDS = 20;
const SLOW_SECONDS = 5;
const AGAIN_SECONDS = [1, 2, 4, 8, 15, 30];
const BY_SCRIPT = { "X-Requested-With": "fetch" };
// The site, or a proxy before it, could not do it just now.
const NOT_NOW = [408, 425, 429];
const MOST_FAILURES = 8;
const JUDGED = [409, 410, 422];

// Where storage is blocked, reading the property itself fails.
function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

// Older browsers wait as long as they like.
export function limit() {
  return AbortSignal.timeout?.(1000 * ASK_SECONDS);
}

export function ask(address, options) {
  return fetch(address, { ...options, headers: { ...BY_SCRIPT, ...options?.headers }, signal: limit() });
}

// False where nothing can be kept.
export function keep(person, answer) {
  try {
    storage().setItem(NAME + person, JSON.stringify({ ...answer, at: Date.now() }));
    return true;
  } catch {
    return false;
  }
}

export function kept(person) {
  forgetOld();
  try {
    return JSON.parse(storage().getItem(NAME + person));
  } catch {
    return null;
  }
}

export function forget(person) {
  try {
    storage().removeItem(NAME + person);
  } catch {
    // It was never kept.
  }
}

// Whose it ever was: after a day nobody waits for it.
function forgetOld() {
  try {
    for (const name of Object.keys(storage()).filter((name) => name.startsWith(NAME))) {
      const at = JSON.parse(storage().getItem(name))?.at;
      if (!(Math.abs(Date.now() - at) < DAY)) storage().removeItem(name);
    }
  } catch {
    // Nothing is kept, or it is not ours.
  }
}

// What the site has said of an answer for good; whatever else it said, the answer is kept for a page to come.
export function isJudged({ response }) {
  return response.ok || JUDGED.includes(response.status);
}

// Until the site has answered; then what it said, or null where it failed too often. `tell` hears "slow",
// "offline" or "trouble" meanwhile, and "" when it is tried again. The same answer is never stored twice.
export async function deliver({ address, body }, tell) {
  let failures = 0;
  for (let tries = 0; ; tries++) {
    const slow = setTimeout(() => tell("slow"), 1000 * SLOW_SECONDS);
    let trouble = "offline";
    try {
      const headers = { "Content-Type": "application/x-www-form-urlencoded" };
      const response = await ask(address, { method: "POST", body, headers });
      const text = await response.text();
      if (response.status < 500 && !NOT_NOW.includes(response.status)) return { response, text };
      trouble = "trouble";
      failures++;
    } catch {
      // No connection, or no answer in time.
      if (navigator.onLine) trouble = "trouble";
    } finally {
      clearTimeout(slow);
    }
    if (failures >= MOST_FAILURES) return null;
    tell(trouble);
    await pause(AGAIN_SECONDS[Math.min(tries, AGAIN_SECONDS.length - 1)]);
    tell("");
  }
}

// Tells a tab that the same person is at it in another one, too.

export function askOtherTabs(person, tell) {
  if (!("BroadcastChannel" in globalThis)) return;
  const channel = new BroadcastChannel(`tabs of ${person}`);
  channel.addEventListener("message", ({ data }) => {
    if (data === "who?") channel.postMessage("me");
    else tell();
  });
  channel.postMessage("who?");
  // A page that the browser keeps in memory must not be kept from it, and answers nobody.
  addEventListener("pagehide", () => channel.close());
}

// Tells whoever has a narrower window than the study asks for. A task's page is replaced by the next one's.
"use strict";
{
  const look = () => {
    for (const message of document.querySelectorAll("[data-min-width]")) {
      message.hidden = innerWidth >= Number(message.dataset.minWidth);
    }
  };
  addEventListener("resize", look);
  document.addEventListener("turn", look);
  look();
}

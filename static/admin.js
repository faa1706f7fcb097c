// Mends what the plain admin's own scripts leave without a role that may carry a name.
"use strict";
window.addEventListener("load", () => {
  window.setTimeout(() => {
    for (const sign of document.querySelectorAll("span.help-tooltip[aria-label]")) sign.setAttribute("role", "img");
  }, 0);
});

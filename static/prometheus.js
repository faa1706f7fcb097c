// Small conveniences; every page works without this file. No shortcut of a single key, and nothing here decides.
"use strict";
(() => {
  const units = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];

  function words(seconds) {
    const [size, unit] = units.find(([size]) => seconds >= size) || units[3];
    const number = Math.max(0, Math.floor(seconds / size));
    return `${number} ${unit}${number === 1 ? "" : "s"}`;
  }

  function countDown() {
    for (const place of document.querySelectorAll("[data-until]")) {
      const left = (new Date(place.dataset.until) - Date.now()) / 1000;
      place.textContent = left > 0 ? `${words(left)} left` : "time is over: reload to see what became of it";
    }
  }

  function offerCopies(root) {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("copied");
    window.setTimeout(() => button.classList.remove("copied"), 1500);
  });

  // A second click on the way must not send a decision twice; the server would refuse it anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-once]")) delete form.dataset.sent;
  });

  // A link to something inside a closed <details> opens it.
  function openTarget() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  }
  window.addEventListener("hashchange", openTarget);

  document.addEventListener("htmx:afterSwap", () => offerCopies(document));
  offerCopies(document);
  openTarget();
  countDown();
  window.setInterval(countDown, 5000);
})();

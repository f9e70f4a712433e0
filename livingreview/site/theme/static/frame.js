/* The frame of a page: colours, the menu of a narrow screen, and where one is on the page. */
(() => {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function colours(mode) {
    root.dataset.mode = mode;
    root.dataset.theme = mode === "auto" ? (system.matches ? "dark" : "light") : mode;
  }

  /* One tap always changes what one sees; the way back to the system's colours is the third. */
  function nextMode() {
    const seen = system.matches ? "dark" : "light", other = system.matches ? "light" : "dark";
    const mode = { auto: other, [other]: seen, [seen]: "auto" }[root.dataset.mode];
    colours(mode);
    try { localStorage.setItem("mode", mode); } catch (refused) { return; }
  }

  function menu(button, panel) {
    button.setAttribute("role", "button");
    button.setAttribute("aria-controls", panel.id);
    function open(wanted) {
      panel.classList.toggle("lr-open", wanted);
      button.setAttribute("aria-expanded", String(wanted));
    }
    open(false);
    button.addEventListener("click", (event) => {
      event.preventDefault();
      open(!panel.classList.contains("lr-open"));
      if (panel.classList.contains("lr-open")) { panel.focus(); }
    });
    button.addEventListener("keydown", (event) => {
      if (event.key === " ") { event.preventDefault(); button.click(); }
    });
    panel.addEventListener("click", (event) => { if (event.target.closest("a")) { open(false); } });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && panel.classList.contains("lr-open")) { open(false); button.focus(); }
    });
    document.addEventListener("click", (event) => {
      if (!panel.contains(event.target) && !button.contains(event.target)) { open(false); }
    });
  }

  /* The contents are open beside the text, and a line above it that folds where there is no room. */
  function contents(box) {
    const fold = box.querySelector("details"), here = box.querySelector(".lr-here");
    const parts = [...box.querySelectorAll("a[href^='#']")].map((link) => (
      { link, heading: document.getElementById(decodeURIComponent(link.hash.slice(1))) }
    )).filter((part) => part.heading);
    function beside() { return getComputedStyle(box).getPropertyValue("--lr-beside").trim() === "1"; }
    function fit() { fold.open = beside(); }
    let now = null;
    function mark() {
      const line = innerHeight * 0.3;
      const passed = parts.filter((part) => part.heading.getBoundingClientRect().top <= line);
      const found = passed.length ? passed[passed.length - 1] : null;
      if (found === now) { return; }
      if (now) { now.link.removeAttribute("aria-current"); }
      now = found;
      here.textContent = now ? now.link.textContent.trim() : "";
      if (now) {
        now.link.setAttribute("aria-current", "location");
        const off = now.link.offsetTop - box.clientHeight / 2;
        if (beside()) { box.scrollTop = off; }
      }
    }
    let waiting = false;
    addEventListener("scroll", () => {
      if (waiting) { return; }
      waiting = true;
      requestAnimationFrame(() => { waiting = false; mark(); });
    }, { passive: true });
    box.addEventListener("click", (event) => {
      if (event.target.closest("a") && !beside()) { fold.open = false; }
    });
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth !== width) { width = innerWidth; fit(); }
    });
    fit();
    mark();
  }

  document.addEventListener("DOMContentLoaded", () => {
    system.addEventListener("change", () => { colours(root.dataset.mode); });
    document.querySelector(".lr-mode").addEventListener("click", nextMode);
    document.querySelector(".lr-print").addEventListener("click", () => { print(); });
    menu(document.querySelector(".lr-menu"), document.getElementById("site-navigation"));
    document.querySelectorAll(".lr-contents").forEach(contents);
    // the part of a long list of pages that holds this one is in sight
    const panel = document.getElementById("site-navigation"), current = panel.querySelector(".toctree-l1.current");
    if (current && current.offsetTop > panel.clientHeight) { panel.scrollTop = current.offsetTop - 80; }
  });
})();

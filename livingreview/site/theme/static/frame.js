/* The menu of a narrow screen, and where one is on the page. */
{
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

  /* Contents: open beside the text, or a line above it that folds. */
  function contents(box) {
    const fold = box.querySelector("details"), here = box.querySelector(".lr-here");
    const parts = [...box.querySelectorAll("a[href^='#']")].map((link) => (
      { link, heading: document.getElementById(decodeURIComponent(link.hash.slice(1))) }
    )).filter((part) => part.heading);
    function beside() { return getComputedStyle(box).getPropertyValue("--lr-beside").trim() === "1"; }
    function fit() { fold.open = beside(); }
    let now;
    function mark() {
      const line = innerHeight * 0.3;
      const found = parts.filter((part) => part.heading.getBoundingClientRect().top <= line).at(-1);
      if (found === now) { return; }
      now?.link.removeAttribute("aria-current");
      now = found;
      here.textContent = now ? now.link.textContent.trim() : "";
      now?.link.setAttribute("aria-current", "location");
      if (now && beside()) { box.scrollTop = now.link.offsetTop - box.clientHeight / 2; }
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

  /* The other language opens at the same part, in the same state. */
  function elsewhere(link) {
    link.addEventListener("click", () => {
      link.search = location.search;
      // what a link led to is the part, as long as it is in sight: one may begin below it
      const top = (part) => part?.getClientRects()[0]?.top, at = document.querySelector(":target");
      link.hash = (top(at) > 0 && top(at) < 300 ? at : [...document.querySelectorAll("main [id]")]
        .filter((part) => top(part) < 99).at(-1))?.id || "";
    });
  }

  const find = (name) => document.querySelector(name), panel = find("#site-navigation");
  menu(find(".lr-menu"), panel);
  document.querySelectorAll(".lr-contents").forEach(contents);
  document.querySelectorAll(".lr-language").forEach(elsewhere);
  // of a long list of pages, this one is in sight
  const current = panel.querySelector(".toctree-l1.current");
  if (current && current.offsetTop > panel.clientHeight) { panel.scrollTop = current.offsetTop - 80; }
}

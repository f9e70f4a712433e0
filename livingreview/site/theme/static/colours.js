/* The colours of a page, before it is drawn and at a tap. */
{
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
  const system = () => (dark.matches ? "dark" : "light");
  const show = (mode) => {
    root.dataset.mode = mode;
    root.dataset.theme = mode === "auto" ? system() : mode;
  };
  let chosen = null;
  try { chosen = localStorage.getItem("mode"); } catch { /* as it is */ }
  show(chosen || root.dataset.mode);
  root.classList.add("lr-scripts");
  dark.addEventListener("change", () => { show(root.dataset.mode); });
  // one tap always changes what one sees; the way back to the system's colours is the third
  addEventListener("click", ({ target }) => {
    if (!target.closest(".lr-mode")) { return; }
    const seen = system(), other = dark.matches ? "light" : "dark";
    const mode = { auto: other, [other]: seen, [seen]: "auto" }[root.dataset.mode];
    show(mode);
    try { localStorage.setItem("mode", mode); } catch { /* not kept */ }
  });
}

/* Terms work without this: a finger's first tap explains before the second leads to the glossary,
   and Escape takes an explanation away. */
{
  const page = document.documentElement;
  const at = (event) => event.target.closest?.("a.lr-term") ?? null;
  let open = null;
  let touched = false;
  const show = (term) => {
    open?.classList.remove("lr-open");
    open = term;
    open?.classList.add("lr-open");
    page.classList.remove("lr-terms-shut");
  };
  document.addEventListener("pointerdown", (event) => { touched = event.pointerType === "touch"; }, true);
  document.addEventListener("click", (event) => {
    const term = at(event);
    if (term && touched && term !== open) {
      event.preventDefault();
      show(term);
    } else if (!term) {
      show(null);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    show(null);
    page.classList.add("lr-terms-shut");
  });
  for (const kind of ["pointerover", "focusin"]) {
    document.addEventListener(kind, (event) => { if (at(event)) page.classList.remove("lr-terms-shut"); });
  }
}

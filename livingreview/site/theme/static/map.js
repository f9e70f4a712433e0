/* Filters of the map: cells fade, rows of its table go. */
{
  function begin(form) {
    const page = form.parentElement;
    const cells = [...page.querySelectorAll(".lr-map-table td")];
    const rows = [...page.querySelectorAll(".lr-map-rows tbody tr")];
    const output = form.querySelector("output");

    function fits(element) {
      return [...form.querySelectorAll("select")].every((select) => !select.value || element.dataset[select.name] === select.value);
    }

    function apply() {
      cells.forEach((cell) => { cell.classList.toggle("lr-off", !fits(cell)); });
      rows.forEach((row) => { row.hidden = !fits(row); });
      const shown = rows.filter((row) => !row.hidden);
      output.textContent = output.dataset.said.replace("{n}", shown.length)
        .replace("{all}", rows.length);
    }

    form.addEventListener("change", apply);
    form.addEventListener("reset", () => { setTimeout(apply); });
    form.hidden = false;
    apply();
  }

  document.querySelectorAll("form.lr-map-filter").forEach(begin);
}

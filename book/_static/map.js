/* Filters of the evidence map: cells of the picture fade, rows of its table go. */
(function () {
  "use strict";

  function begin(form) {
    const page = form.parentElement;
    const cells = Array.from(page.querySelectorAll(".lr-map-table td"));
    const rows = Array.from(page.querySelectorAll(".lr-map-rows tbody tr"));
    const output = form.querySelector("output");

    function fits(element) {
      return Array.from(form.querySelectorAll("select")).every(function (select) {
        return !select.value || element.dataset[select.name] === select.value;
      });
    }

    function apply() {
      cells.forEach(function (cell) { cell.classList.toggle("lr-off", !fits(cell)); });
      const shown = rows.filter(function (row) {
        row.hidden = !fits(row);
        return !row.hidden;
      });
      output.textContent = output.dataset.said.replace("{n}", shown.length)
        .replace("{all}", rows.length);
    }

    form.addEventListener("change", apply);
    form.addEventListener("reset", function () { setTimeout(apply); });
    form.hidden = false;
    apply();
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("form.lr-map-filter").forEach(begin);
  });
})();

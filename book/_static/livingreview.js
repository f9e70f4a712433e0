/* Sorting and a filter for tables that work without either; opens the part that holds a linked anchor. */
(function () {
  "use strict";

  function value(row, index) {
    const text = row.cells[index].textContent.trim();
    const number = Number.parseFloat(text.replace(/−/g, "-").replace(/,/g, ""));
    return { text: text, number: number };
  }

  function sort(table, index, header) {
    const up = header.getAttribute("aria-sort") !== "ascending";
    const numeric = header.classList.contains("lr-num");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    rows.sort(function (a, b) {
      const x = value(a, index), y = value(b, index);
      if (numeric) {
        // rows without a number stay last, whichever way the table is sorted
        if (Number.isNaN(x.number) || Number.isNaN(y.number)) {
          return Number.isNaN(x.number) - Number.isNaN(y.number);
        }
        return up ? x.number - y.number : y.number - x.number;
      }
      return up ? x.text.localeCompare(y.text) : y.text.localeCompare(x.text);
    });
    table.querySelectorAll("thead th").forEach(function (th) { th.removeAttribute("aria-sort"); });
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.forEach(function (row) { body.appendChild(row); });
  }

  function sortable(table) {
    table.querySelectorAll("thead th").forEach(function (header, index) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "lr-sort";
      button.textContent = header.textContent;
      header.textContent = "";
      header.appendChild(button);
      button.addEventListener("click", function () { sort(table, index, header); });
    });
  }

  function filterable(table) {
    const box = document.createElement("div");
    box.className = "lr-filter";
    const label = document.createElement("label");
    label.textContent = "Filter ";
    const input = document.createElement("input");
    input.type = "search";
    const shown = document.createElement("span");
    shown.setAttribute("role", "status");
    label.appendChild(input);
    box.append(label, shown);
    const rows = Array.from(table.tBodies[0].rows);
    function apply() {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      rows.forEach(function (row) {
        const text = row.textContent.toLowerCase();
        const fits = wanted.every(function (word) { return text.includes(word); });
        row.hidden = !fits;
        count += fits ? 1 : 0;
      });
      shown.textContent = count + " of " + rows.length + " rows";
    }
    input.addEventListener("input", apply);
    apply();
    table.closest(".lr-block").prepend(box);
  }

  function openTarget() {
    if (!location.hash) { return; }
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    let opened = false;
    for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) {
      opened = opened || !part.open;
      part.open = true;
    }
    if (opened) { target.scrollIntoView(); }
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("table.lr-interactive").forEach(function (table) {
      sortable(table);
      filterable(table);
    });
    openTarget();
  });
  window.addEventListener("hashchange", openTarget);
})();

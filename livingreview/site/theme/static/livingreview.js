/* Sorting and filters of tables; opens the part that holds a linked anchor. */
{
  const words = document.documentElement.dataset;

  /* The rows that the page leaves out, loaded once from the file that the link below names. */
  function whole(table) {
    const link = table.parentElement.querySelector("a.lr-more");
    if (!link) { return Promise.resolve(false); }
    if (!table.loading) {
      table.loading = fetch(link.href).then((answer) => answer.text())
        .then((text) => {
          const all = new DOMParser().parseFromString(text, "text/html").querySelector("tbody");
          const there = table.tBodies[0].rows.length;
          [...all.rows].slice(there).forEach((row) => {
            table.tBodies[0].appendChild(document.adoptNode(row));
          });
          link.parentElement.remove();
          return true;
        });
    }
    return table.loading.catch(() => { location.href = link.href; });
  }

  function value(row, index) {
    const text = row.cells[index].textContent.trim();
    const number = Number.parseFloat(text.replace(/−/g, "-").replace(/,/g, ""));
    return { text, number };
  }

  function sort(table, index, header) {
    const up = header.getAttribute("aria-sort") !== "ascending";
    const numeric = header.classList.contains("lr-num");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    rows.sort((a, b) => {
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
    table.querySelectorAll("thead th").forEach((th) => { th.removeAttribute("aria-sort"); });
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.forEach((row) => { body.appendChild(row); });
  }

  function sortable(table) {
    table.querySelectorAll("thead th").forEach((header, index) => {
      const button = Object.assign(document.createElement("button"),
        { type: "button", className: "lr-sort", textContent: header.textContent });
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        whole(table).then(() => { sort(table, index, header); });
      });
    });
  }

  /* A select for each named list of row values, of which a row may have several between bars;
     "all" leaves every row. */
  function choosable(table, rows, apply) {
    const listed = (element, key) => (element.getAttribute(key) || "").split("|").filter(Boolean);
    return listed(table, "data-selects").map((name, index) => {
      const valuesOf = (row) => listed(row, "data-select-" + index);
      const label = document.createElement("label"), select = document.createElement("select");
      select.add(new Option(words.all, ""));
      new Set([...listed(table, "data-values-" + index), ...rows().flatMap(valuesOf)])
        .forEach((value) => { select.add(new Option(value)); });
      select.addEventListener("change", apply);
      label.append(name + " ", select);
      return { label, fits: (row) => !select.value || valuesOf(row).includes(select.value) };
    });
  }

  /* A filter before the rows of a table, or of a list of tables whose groups go with their rows. */
  function filterable(table, rows, place) {
    const box = document.createElement("div");
    box.className = "lr-filter";
    const label = document.createElement("label");
    label.textContent = `${words.filter} `;
    const input = document.createElement("input");
    input.type = "search";
    const shown = document.createElement("span");
    shown.setAttribute("role", "status");
    label.appendChild(input);
    const groups = [...table.querySelectorAll("[data-group]")];
    const choices = choosable(table, rows, apply);
    box.append(label, ...choices.map((choice) => choice.label), shown);
    function apply() { whole(table).then(filter); }
    function filter() {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      rows().forEach((row) => {
        const text = row.textContent.toLowerCase();
        const fits = wanted.every((word) => text.includes(word)) &&
          choices.every((choice) => choice.fits(row));
        row.hidden = !fits;
        count += fits ? 1 : 0;
      });
      groups.forEach((group) => {
        group.hidden = !group.querySelector("tbody tr:not([hidden])");
      });
      shown.textContent = words.rows.replace("{count}", count).replace("{all}", rows().length);
    }
    input.addEventListener("input", apply);
    const link = table.parentElement.querySelector("a.lr-more");
    if (link) {
      link.addEventListener("click", (event) => { event.preventDefault(); apply(); });
    } else {
      filter();
    }
    place.prepend(box);
  }

  function openTarget() {
    if (!location.hash) { return; }
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    let opened = false;
    for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) {
      opened ||= !part.open;
      part.open = true;
    }
    if (opened) { target.scrollIntoView(); }
  }

  /* Versions published after this site was built; without an answer the list stays as it is. */
  function newerVersions(box) {
    if (location.protocol === "file:" || !box.querySelector('a[href^="' + box.dataset.top + '/../"]')) { return; }
    const top = box.dataset.top + "/../";
    fetch(top + "versions.json").then((answer) => answer.ok ? answer.json() : []).then((known) => {
      const list = box.querySelector("ul");
      const there = [box.dataset.version, ...[...list.querySelectorAll("a")].map((a) => a.textContent)];
      known.filter((one) => !there.includes(one.version)).forEach(({ url, version }) => {
        const link = Object.assign(document.createElement("a"), { href: top + url, textContent: version });
        list.appendChild(document.createElement("li")).appendChild(link);
      });
    }).catch(() => {});
  }

  /* What holds until a day is not said after it. */
  document.querySelectorAll("[data-until]").forEach((one) => {
    if (new Date().toISOString().slice(0, 10) > one.dataset.until) { one.textContent = one.dataset.after; }
  });
  document.querySelectorAll("details.lr-versions").forEach(newerVersions);
  document.querySelectorAll("table.lr-interactive").forEach((table) => {
    sortable(table);
    filterable(table, () => [...table.tBodies[0].rows], table.closest(".lr-block"));
  });
  document.querySelectorAll(".lr-list").forEach((list) => {
    const rows = [...list.querySelectorAll("tr[data-select-0]")];
    if (rows.length) { filterable(list, () => rows, list); }
  });
  openTarget();
  addEventListener("hashchange", openTarget);
}

/* Sorting and filters of tables; reads what stands in files beside the page when it is asked for;
   opens the part that holds a linked anchor. */
{
  const words = document.documentElement.dataset;

  /* What a link leads to, read once and given to what puts it into the page. */
  function read(link, put) {
    if (!link) { return Promise.resolve(false); }
    link.loading ??= fetch(link.href).then((answer) => answer.text()).then((text) => {
      put(new DOMParser().parseFromString(text, "text/html").querySelector("main"));
      link.parentElement.remove();
      return true;
    });
    return link.loading.catch(() => { location.href = link.href; });
  }

  function more(table) { return table.parentElement.querySelector(":scope > .lr-more-rows > a"); }

  /* The rows that the page leaves out. */
  function whole(table) {
    const body = table.tBodies[0];
    return read(more(table), (page) => {
      body.append(...[...page.querySelector("tbody").rows].slice(body.rows.length));
    });
  }

  /* What a fold leaves out. */
  function part(fold) {
    const link = fold.querySelector(":scope > .lr-part > a");
    return read(link, (page) => {
      const there = page.querySelector(".lr-whole-part");
      live(there);
      link.parentElement.before(...there.childNodes);
      fold.removeAttribute("data-holds");
    });
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
      const valuesOf = (row) => listed(row, "data-select-" + index), all = "data-values-" + index;
      const label = document.createElement("label"), select = document.createElement("select");
      select.add(new Option(words.all, ""));
      new Set([table, ...table.querySelectorAll(`[${all}]`)].flatMap((one) => listed(one, all))
        .concat(rows().flatMap(valuesOf)))
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
    const tables = table.matches("table") ? [table] : [...table.querySelectorAll("table")];
    const choices = choosable(table, rows, apply);
    box.append(label, ...choices.map((choice) => choice.label), shown);
    function apply() { Promise.all(tables.map(whole)).then(filter); }
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
        // what is said above them is of a row that may be hidden
        group.classList.toggle("lr-chosen", !!group.querySelector("tbody tr[hidden]"));
      });
      shown.textContent = words.rows.replace("{count}", count).replace("{all}", rows().length);
    }
    input.addEventListener("input", apply);
    if (!tables.some(more)) { filter(); }
    place.prepend(box);
    return apply;
  }

  function openTarget() {
    if (!location.hash) { return; }
    const name = decodeURIComponent(location.hash.slice(1)), target = document.getElementById(name);
    if (!target) { fetchTarget(name); return; }
    let opened = false;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      opened ||= !fold.open;
      fold.open = true;
    }
    if (opened) { target.scrollIntoView(); }
  }

  /* A part that stands in a file is read where a link leads into it; then the link is followed. */
  function fetchTarget(name) {
    const holder = document.querySelector(`[data-holds~="${CSS.escape(name)}"]`);
    if (!holder) { return; }
    const table = holder.parentElement.querySelector(":scope > table");
    (holder.matches("details") ? part(holder) : whole(table)).then((found) => {
      if (found) { openTarget(); location.replace(location.hash); }
    });
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
  function live(root) {
    root.querySelectorAll(".lr-more-rows").forEach((place) => {
      const table = place.parentElement.querySelector(":scope > table");
      place.firstChild.addEventListener("click", (event) => { event.preventDefault(); whole(table); });
    });
    root.querySelectorAll("table.lr-interactive").forEach((table) => {
      sortable(table);
      const rows = () => [...table.tBodies[0].rows], link = more(table);
      const apply = filterable(table, rows, table.closest(".lr-block"));
      link?.addEventListener("click", apply);
    });
    root.querySelectorAll("details:has(> .lr-part)").forEach((fold) => {
      fold.addEventListener("toggle", () => { part(fold); });
    });
  }

  live(document);
  document.querySelectorAll(".lr-list").forEach((list) => {
    const rows = () => [...list.querySelectorAll("tr[data-select-0]")];
    if (rows().length) { filterable(list, rows, list); }
  });
  globalThis.livingreview = { whole };
  openTarget();
  addEventListener("hashchange", openTarget);
  document.querySelector(".lr-print").addEventListener("click", () => {
    Promise.all([...document.querySelectorAll("details.lr-on-paper:has(> .lr-part)")].map(part))
      .then(() => { print(); });
  });
}

/* Prepares pages for printing, each behind the one before: all rows of long tables and all parts, less what is left out, and what can be found in them. */
([css, pages]) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const article = document.querySelector("article"), seen = (one) => one.checkVisibility();
  const words = (one) => {
    const copy = one.cloneNode(true);
    copy.querySelectorAll(".headerlink").forEach((link) => link.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  };
  const cut = (page, parts) => {
    const left = new Set();
    for (const [selector, name] of parts) {
      for (const part of page.querySelectorAll(selector)) {
        if (seen(part)) left.add(name);
        (part.matches("table") && part.closest(".lr-block") || part).remove();
      }
    }
    return [...left];
  };
  const drawn = new Set(); // a figure that stands on two pages is printed with the first
  const once = (figure) => {
    if (drawn.has(figure.id)) (figure.closest("details") || figure).remove();
    drawn.add(figure.id);
  };
  // Letters that each column is wide where the rows of a table take least paper: each in turn goes to
  // the column that shortens them most; of rows that one cell makes high, all its columns count a little.
  const share = (cells, widths, letters) => {
    const lines = (text, width) => text.split("\n").reduce((sum, one) => sum + Math.max(1, one.length / (width - 1)), 0);
    const high = (n, width) => cells.map((row) => lines(row[n], width) ** 4);
    const now = widths.map((width, n) => high(n, width));
    const rows = cells.map((_, row) => now.reduce((sum, column) => sum + column[row], 0));
    const next = widths.map((width, n) => high(n, width + 1));
    for (let left = letters - widths.reduce((sum, one) => sum + one, 0); left >= 1; left -= 1) {
      const gains = next.map((column, n) => rows.reduce((sum, one, row) => sum + one ** .25 - Math.max(one - now[n][row] + column[row], 0) ** .25, 0));
      const most = Math.max(...gains), n = gains.indexOf(most);
      if (most <= 0) break;
      next[n].forEach((one, row) => { rows[row] += one - now[n][row]; });
      widths[n] += 1;
      now[n] = next[n];
      next[n] = high(n, widths[n] + 1);
    }
    return widths;
  };
  const shorten = (table) => {
    const head = [...table.tHead?.rows[0]?.cells ?? []], rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    const shown = head.filter(seen);
    if (table.tHead?.rows.length !== 1 || !rows.length || !seen(table) || rows.some((row) => row.cells.length !== head.length)) return;
    const before = table.offsetHeight, style = table.getAttribute("style");
    const cells = rows.map((row) => shown.map((cell) => row.cells[cell.cellIndex].innerText.trim()));
    const letter = .53 * parseFloat(getComputedStyle(table).fontSize), room = 8; // of a cell, beside its words
    const pen = document.createElement("canvas").getContext("2d");
    const longest = (cell, texts, most) => {
      const { fontWeight, fontSize, fontFamily } = getComputedStyle(cell);
      pen.font = `${fontWeight} ${fontSize} ${fontFamily}`;
      return Math.min(most, Math.max(...texts.flatMap((text) => text.split(/[\s/-]+/)).map((word) => pen.measureText(word).width))) / letter;
    };
    for (const whole of [80, 45]) { // pixels of the longest word that is not broken, where there is room
      const least = shown.map((cell, n) => 1 + Math.max(longest(cell, [cell.innerText], whole), longest(rows[0].cells[cell.cellIndex], cells.map((row) => row[n]), .75 * whole)));
      const widths = share(cells, least, (article.clientWidth - room * shown.length) / letter).map((one) => one * letter + room);
      const all = widths.reduce((sum, one) => sum + one, 0);
      shown.forEach((cell, n) => { cell.style.width = `${100 * widths[n] / all}%`; });
      Object.assign(table.style, { tableLayout: "fixed", width: "100%", hyphens: "auto" });
      if (table.offsetHeight < .95 * before) return;
    }
    shown.forEach((cell) => cell.style.removeProperty("width"));
    if (style === null) table.removeAttribute("style"); else table.setAttribute("style", style);
  };
  const found = pages.map(([address, html, beside, parts]) => {
    let page = article;
    if (html) {
      page = Object.assign(document.createElement("section"), { id: address });
      page.append(...new DOMParser().parseFromString(html, "text/html").querySelector("article").childNodes);
      article.append(page);
    }
    for (const [file, whole] of beside) {
      const link = page.querySelector(`a:is(.lr-more, .lr-apart)[href="${CSS.escape(file)}"]`).parentElement;
      if (link.matches(".lr-part")) {
        link.outerHTML = whole;
      } else {
        link.parentElement.querySelector("tbody").innerHTML = whole;
        link.remove();
      }
    }
    const left = cut(page, parts);
    page.querySelectorAll("figure[id]").forEach(once);
    for (const cell of page.querySelectorAll(".cell")) if (!cell.innerText.trim()) cell.remove(); // a heading stays with what follows
    const sections = [...page.querySelectorAll("h2")].filter(seen).map((heading, n) => {
      const place = heading.id ? heading : heading.parentElement.matches("section[id]") ? heading.parentElement : heading;
      place.id ||= `on-paper-${n}`;
      return [place.id, words(heading)];
    });
    const title = words(page.querySelector("h1"));
    if (html) { // pages have places of one name
      for (const place of page.querySelectorAll("[id]:not(svg *)")) place.id = `${address}#${place.id}`;
      for (const link of page.querySelectorAll('a[href^="#"]')) link.href = `#${address}${link.getAttribute("href")}`;
    }
    return { title, sections, left };
  });
  for (const name of ["lr-fitted", "lr-squeezed"]) {
    for (const table of article.querySelectorAll("table")) {
      if (table.getBoundingClientRect().right > article.getBoundingClientRect().right + 1) table.classList.add(name);
    }
  }
  article.querySelectorAll("table.lr-table:not(:has(svg, col))").forEach(shorten);
  // a place has a name in the file when a link leads to it
  const links = Object.assign(document.createElement("div"), { hidden: true });
  for (const place of article.querySelectorAll("[id]")) {
    if (seen(place)) links.append(Object.assign(document.createElement("a"), { href: `#${place.id}` }));
  }
  article.append(links);
  return found;
}

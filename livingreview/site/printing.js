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
  // a place has a name in the file when a link leads to it
  const links = Object.assign(document.createElement("div"), { hidden: true });
  for (const place of article.querySelectorAll("[id]")) {
    if (seen(place)) links.append(Object.assign(document.createElement("a"), { href: `#${place.id}` }));
  }
  article.append(links);
  return found;
}

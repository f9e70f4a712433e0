/* Prepares a page for printing: all rows of its long tables, and what can be found in it. */
([css, tables]) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  for (const [id, rows] of Object.entries(tables)) {
    const table = document.getElementById(id);
    table.tBodies[0].innerHTML = rows;
    table.parentElement.querySelector(".lr-more-rows")?.remove();
  }
  const article = document.querySelector("article"), seen = (one) => one.checkVisibility();
  const words = (one) => {
    const copy = one.cloneNode(true);
    copy.querySelectorAll(".headerlink").forEach((link) => link.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  };
  const sections = [...article.querySelectorAll("h2")].filter(seen).map((heading, n) => {
    const place = heading.id ? heading : heading.parentElement.matches("section[id]") ? heading.parentElement : heading;
    place.id ||= `on-paper-${n}`;
    return [place.id, words(heading)];
  });
  // a place has a name in the file when a link leads to it
  const links = Object.assign(document.createElement("div"), { hidden: true });
  for (const place of article.querySelectorAll("[id]")) {
    if (seen(place)) links.append(Object.assign(document.createElement("a"), { href: `#${place.id}` }));
  }
  article.append(links);
  return { title: words(article.querySelector("h1")), sections };
}

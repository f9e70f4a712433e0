// The list of analyses shows the lines with all words asked for.
document.addEventListener("DOMContentLoaded", () => {
  const box = document.querySelector(".lr-list-filter");
  if (!box) { return; }
  const [words, estimated] = box.querySelectorAll("input");
  const status = box.querySelector("[role=status]");
  const parts = [...document.querySelectorAll("details.lr-list")];
  const opened = parts.map((part) => part.open);

  async function show() {
    await Promise.all(parts.map((part) => globalThis.livingreview.whole(part.querySelector("table"))));
    const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const any = asked.length > 0 || estimated.checked;
    let all = 0;
    parts.forEach((part, index) => {
      const name = part.querySelector("h2").textContent.toLowerCase();
      let here = 0;
      part.querySelectorAll("tr.lr-row").forEach((row) => {
        const said = name + " " + row.cells[0].textContent.toLowerCase();
        row.hidden = (estimated.checked && !row.querySelector("svg")) ||
          !asked.every((word) => said.includes(word));
        here += row.hidden ? 0 : 1;
      });
      part.hidden = any && !here;
      part.open = any ? here > 0 : opened[index];
      all += here;
    });
    status.textContent = any ? String(all) : "";
  }

  box.hidden = false;
  words.addEventListener("input", show);
  estimated.addEventListener("change", show);
});

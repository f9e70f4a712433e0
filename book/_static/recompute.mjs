/* A forest plot of which the reader chooses trials, model and interval; words are those of the page. */
import { mantelHaenszel, pool, sum } from "./stats.mjs";

const fill = (text, parts) => text.replace(/\{(\w+)\}/g, (all, key) => parts[key] ?? all);

/* As templates write numbers: of ten digits, half to even, with a real minus sign. */
export function number(value, decimals) {
  const x = Math.abs(value.toPrecision(10)), ten = 10 ** decimals;
  const tie = x * 2 ** (decimals + 1) % 2 === 1, even = 2 * Math.round(Math.floor(x * ten) / 2);
  const [whole, part] = (tie ? even / ten : x).toFixed(decimals).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? "." + part : "");
  return (value < 0 && /[1-9]/.test(text) ? "−" : "") + text;
}
const percent = (share) => share < 0.0005 ? "<0.1%" : number(100 * share, 1) + "%";

/* What a state gives. `beside` are random effects in any case: they have a variance between trials. */
export function compute(data, { without, model, interval }) {
  const inside = data.members.filter((m) => !without.includes(m.id)), counts = inside.map((m) => m.counts);
  const by = (...how) => inside.length ? pool(inside.map((m) => m.y), inside.map((m) => m.v), ...how) : null;
  const tables = model === "MH" && inside.length > 1 && mantelHaenszel(counts);
  const found = tables || by(...model === "MH" ? data.beside : [model, interval]);
  return { inside, found, beside: tables || model === "common" ? by(...data.beside) : found };
}

/* An estimate in words, and where a new trial may lie. */
export function told(data, words, found) {
  const say = (x) => {
    const text = number(data.log ? Math.exp(x) : x, data.decimals);
    return data.signed && x > 0 && /[1-9]/.test(text) ? "+" + text : text;
  };
  const ends = (low, high) => fill(words.ends, { low: say(low), high: say(high) });
  const value = say(found.estimate), interval = ends(found.ci_low, found.ci_high);
  return { value, interval: `(${interval})`, estimate: `${value} (${interval})`,
    ends: "pi_low" in found && ends(found.pi_low, found.pi_high) };
}

export function size(words, inside) {
  const n = sum(inside.map((m) => m.n)), people = inside.every((m) => m.n) ? words.people : words.least;
  return words.before + words.counts[inside.length] + ", " +
    (n ? fill(people, { n: number(n, 0) }) : words.unstated) + words.beside;
}

/* What the imprecision of the interval takes off the certainty, and why. */
function imprecision({ lines, limits, levels, counted }, words, inside, found) {
  const held = lines.filter(([, x]) => found.ci_low < x && x < found.ci_high).map(([name]) => name);
  const unknown = inside.filter((m) => !m.n).length, events = counted && inside.every((m) => m.counts);
  const count = sum(inside.map((m) => events ? m.counts[0] + m.counts[2] : m.n));
  const kind = events ? "events" : "participants", share = sum(inside.map((m, i) => m.n ? 0 : found.weights[i]));
  let rule = ["", "one"][held.length] ?? "two", why = words.inside[held] || words.enough;
  if (share >= limits.unknown) {
    rule = "unknown";
    why = words.unknown[inside.length === 1 ? 0 : unknown === inside.length ? 1 : 2];
  } else if (!rule && count < limits[kind]) {
    rule = kind;
    why = events ? words.events : words.few[unknown];
  }
  return words.changes[-(levels[rule] ?? 0)] + ". " + fill(why, {
    share: number(100 * share, 0) + "%", found: number(count, Math.round(count) < limits[kind] ? 0 : 1) });
}

/* The numbers beside the drawing; those that there are not are a dash. */
export function facts(data, words, { inside, found, beside }) {
  const said = { i2: "–", tau2: "–", q: "–", imprecision: "–" };
  if (beside?.k > 1) {
    const [value, low, high] = [beside.tau2, beside.tau2_low, beside.tau2_high].map(
      (x) => number(x, data.decimals === 1 ? 1 : 3));
    said.i2 = number(beside.i2, 0) + "%";
    said.tau2 = fill(words.between, { value, low, high });
    said.q = fill(words.q, { q: number(beside.q, 1), p: number(beside.q_p, 3) });
  }
  if (found && data.imprecision) { said.imprecision = imprecision(data.imprecision, words, inside, found); }
  return said;
}

/* Code that computes a state, from a template and the calls of its models. */
export function code(data, template, calls, { inside, found, beside }, { model, interval }) {
  const list = (f) => inside.map(f).join(", "), parts = {};
  const call = (name, ci) => fill(calls[name] ?? calls.random, { model: name, interval: calls[ci] });
  ["e1", "n1", "e2", "n2"].forEach((name, i) => { parts[name] = list((m) => m.counts?.[i]); });
  return fill(template, { ...parts, names: list((m) => JSON.stringify(m.trial)), yi: list((m) => m.y),
    vi: list((m) => m.v), found: inside.length > 1 ? call(model, interval) : call("common", "z"),
    beside: inside.length < 2 || found === beside ? "found" : call(...data.beside) });
}

/* ---- the page ---- */

function begin(template) {
  const { words, ...data } = JSON.parse(template.nextElementSibling.textContent);
  const figure = template.closest("figure"), body = figure.querySelector("tbody");
  template.after(template.content);
  const status = figure.querySelector(".lr-state"), form = figure.querySelector("form");
  const details = form.parentElement, link = form.querySelector(".lr-taken"), { hash, pathname } = link;
  const { model, interval, only } = form.elements, free = interval.parentElement;
  const rows = [...body.rows].filter((row) => row.querySelector("title") && !row.matches(".lr-axis-row"));
  const published = rows.map((row) => row.cloneNode(true)), boxes = new Map();
  const members = new Map(data.members.map((m) => [m.id, m]));
  const trial = (row) => row.dataset.trial, title = (row) => row.querySelector("title");

  /* Places of the axis, and marks in the place of those drawn. */
  const x = (value) => Math.min(100, Math.max(0,
    100 * (value - data.ends[0]) / (data.ends[1] - data.ends[0])));
  function draw(row, marks) {
    const svg = row.querySelector("svg");
    svg.querySelectorAll(":scope > :not(title, .lr-null, .lr-mid)").forEach((old) => old.remove());
    svg.insertAdjacentHTML("beforeend", marks);
  }

  function diamond(row, found, text) {
    const effect = row.cells[row.cells.length - 2], css = row.querySelector("polygon").classList;
    const said = found ? told(data, words, found) : { estimate: words.absent, value: words.absent, interval: "" };
    title(row).textContent = fill(text, said);
    effect.replaceChildren(said.value + " ", document.createElement("br"), said.interval);
    if (!found) { draw(row, ""); return; }
    const low = x(found.ci_low), width = x(found.ci_high) - low, top = 100 * (x(found.estimate) - low) / (width || 1);
    draw(row, `<svg x="${low}%" y="11" width="${width}%" height="16" viewBox="0 0 100 16" preserveAspectRatio="none"
      overflow="visible"><polygon class="${css}" points="0,8 ${top},0 100,8 ${top},16"/></svg>`);
  }

  function prediction(row, beside, random) {
    const said = beside && told(data, words, beside), few = beside?.k < 5;
    row.hidden = !said?.ends;
    if (row.hidden) { return; }
    const [low, high] = [x(beside.pi_low), x(beside.pi_high)];
    const arrow = (at, end, d) => at === end ?
      `<svg x="${at}%" y="19" overflow="visible"><path class="lr-arrow" d="${d}"/></svg>` : "";
    row.querySelector(".lr-sub").textContent = [words.where, few && words.uncertain,
      random && fill(words.random, said)].filter(Boolean).join(", ");
    row.cells[row.cells.length - 2].textContent = said.ends;
    title(row).textContent = fill(words.prediction, said);
    draw(row, `<line class="lr-pi${few ? " lr-dotted" : ""}" x1="${low}%" x2="${high}%" y1="19" y2="19"/>` +
      arrow(low, 0, "M6 -4 L0 0 L6 4") + arrow(high, 100, "M-6 -4 L0 0 L-6 4"));
  }

  function study(row, { inside, found }, tables) {
    const at = inside.findIndex((m) => m.id === trial(row)), weight = found?.weights[at];
    const mark = row.querySelector(".lr-square, .lr-ring"), root = Math.sqrt(weight || 0), side = 4 + 12 * root;
    row.cells[row.cells.length - 3].textContent = at < 0 ? "" : tables && !weight ? "0% #" : percent(weight);
    const sizes = { r: 2.5 + 5 * root, x: -side / 2, y: -side / 2, width: side, height: side };
    Object.keys(sizes).filter((key) => mark?.hasAttribute(key)).forEach((key) => mark.setAttribute(key, sizes[key]));
  }

  /* What a row says to whom it is read. */
  function speak(row) {
    const m = members.get(trial(row)), said = { estimate: title(row).textContent,
      weight: row.cells[row.cells.length - 3].textContent }, off = boxes.get(trial(row))?.checked === false;
    row.classList.toggle("lr-off", off);
    row.setAttribute("aria-label", !m ? said.estimate : off ? fill(words.out, said) : fill(words.row, said) +
      " " + (Math.abs(m.y) <= 1.96 * Math.sqrt(m.v) ? words.holds : words.side));
  }

  function show() {
    const without = [...boxes.keys()].filter((id) => !boxes.get(id).checked);
    const state = { without, model: model.value, interval: interval.value }, all = compute(data, state);
    const { inside, found, beside } = all, tables = state.model === "MH", address = new URLSearchParams();
    // the address holds what differs from the published analysis
    if (without.length) { address.set("without", without.join(" ")); }
    if (state.model !== data.model) { address.set("model", state.model); }
    if (state.interval !== data.interval && !tables) { address.set("interval", state.interval); }
    const query = `${address}` && `?${address}`;
    history.replaceState(null, "", location.pathname + query + location.hash);
    link.href = pathname + query + hash;
    free.hidden = tables;
    figure.classList.toggle("lr-own", query);
    let group = [];
    rows.forEach((row, i) => {
      const clone = published[i].cloneNode(true);
      row.hidden = false;
      [...clone.cells].forEach((cell, j) => { // a box stays
        if (j || !trial(row)) { row.cells[j].replaceChildren(...cell.childNodes); }
      });
      if (trial(row)) { group.push(trial(row)); }
      if (!query) { return; }
      if (trial(row)) {
        study(row, all, tables);
      } else if (row.matches(".lr-subtotal")) {
        const rest = [...members.keys()].filter((id) => !group.includes(id));
        diamond(row, compute(data, { ...state, without: [...without, ...rest] }).found, words.subgroup);
        group = [];
      } else if (row.matches(".lr-pooled")) {
        row.cells[0].firstChild.data = model.selectedOptions[0].text;
        row.querySelector(".lr-sub").textContent = size(words, inside);
        diamond(row, found, words.pooled);
      } else {
        prediction(row, beside, beside !== found);
      }
    });
    rows.forEach(speak);
    const said = facts(data, words, all), which = query ? words.own : words.published;
    form.querySelectorAll("[data-fact]").forEach((place) => { place.textContent = said[place.dataset.fact]; });
    status.textContent = fill(found ? words.state : words.none, { which, size: size(words, inside),
      estimate: found && told(data, words, found).estimate });
    document.querySelectorAll("[data-take]").forEach(({ dataset: { take, calls } }, i, places) => {
      places[i].textContent = found ? code(data, take, JSON.parse(calls), all, state) : "";
    });
  }

  function open() {
    rows.filter((row) => members.has(trial(row)) && !boxes.has(trial(row))).forEach((row) => {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
      box.ariaLabel = fill(words.include, members.get(trial(row)));
      box.addEventListener("change", () => { if (only) { only.value = ""; } show(); });
      row.cells[0].prepend(box);
      boxes.set(trial(row), box);
    });
  }
  const choose = (fits) => boxes.forEach((box, id) => { box.checked = fits(id); });

  details.addEventListener("toggle", () => { if (!boxes.size) { open(); show(); } });
  form.addEventListener("change", ({ target }) => {
    if (target === only) { choose((id) => !only.value || only.value.split(" ").includes(id)); }
    show();
  });
  form.addEventListener("reset", () => setTimeout(() => { choose(() => true); show(); }));

  /* One row is reached by tab, the others from it by arrows; space puts a trial in or out. */
  const reach = (one) => rows.forEach((row) => { row.tabIndex = row === one ? 0 : -1; });
  reach(rows[0]);
  body.addEventListener("keydown", (event) => {
    const { key, target } = event, there = rows.filter((row) => !row.hidden), at = there.indexOf(target);
    const to = there[{ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: there.length - 1 }[key]];
    if (at < 0 || !to && key !== " ") { return; }
    event.preventDefault();
    if (to) { reach(to); to.focus(); } else { boxes.get(trial(target))?.click(); }
  });

  const asked = new URLSearchParams(location.search), known = [model, interval].filter(
    (select) => [...select.options].some((option) => option.value === asked.get(select.name)));
  if (asked.has("without") || known.length) {
    known.forEach((select) => { select.value = asked.get(select.name); });
    open();
    choose((id) => !asked.get("without")?.split(" ").includes(id));
    show();
    details.open = true;
  }
  rows.forEach(speak);
}

if (globalThis.document) { document.querySelectorAll("template.lr-recompute").forEach(begin); }

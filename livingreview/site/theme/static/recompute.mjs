/* A forest plot whose reader chooses trials and method. */
import { common, logistic, mantelHaenszel, pool, posterior, share, sum } from "./stats.mjs";

const fill = (text, parts) => text.replace(/\{(\w+)\}/g, (all, key) => parts[key] ?? all);

/* As templates write numbers: ten digits, half to even, a real minus. */
export function number(value, decimals) {
  const x = Math.abs(value.toPrecision(10)), ten = 10 ** decimals;
  const tie = x * 2 ** (decimals + 1) % 2 === 1, even = 2 * Math.round(Math.floor(x * ten) / 2);
  const text = (tie ? even / ten : x).toFixed(decimals).replace(/(?<!\.\d*)\B(?=(\d{3})+(?!\d))/g, ",");
  return (value < 0 && /[1-9]/.test(text) ? "−" : "") + text;
}
const percent = (share) => share < 0.0005 ? "<0.1%" : number(100 * share, 1) + "%";

/* Models that have an interval of their own. */
const counting = (data, model) => model === "MH" ? mantelHaenszel :
  model === "posterior" ? (counts, y, v) => posterior(y, v, data.prior) :
  data.share && { common, logistic }[model];

/* What a state gives; `beside` is of random effects, `used` the model where counts allow no other. */
export function compute(data, { without, model, interval }) {
  const inside = data.members.filter((m) => !without.includes(m.id));
  const [y, v, counts] = ["y", "v", "counts"].map((key) => inside.map((m) => m[key]));
  const by = (how, ci) => data.share && y.length === 1 ? common(counts) : // exact
    !counting(data, how) ? pool(y, v, how, ci) : y.length > 1 && counting(data, how)(counts, y, v);
  const instead = data.beside.map((how) => how === "logistic" ? "REML" : how);
  if (!y.length) { return { inside, found: null, beside: null }; }
  const first = by(model, interval), used = first ? [model, interval] : instead, found = first || pool(y, v, ...instead);
  const both = first && (model === "MH" || model === "common");
  return { inside, found, used, beside: both ? by(...data.beside) || pool(y, v, ...instead) : found };
}

export function told(data, words, found) {
  const say = (x) => {
    if (data.share) { return number(share(x), data.decimals) + "%"; }
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
  return words.before + fill(words.counts[inside.length],
    { people: n ? fill(people, { n: number(n, 0) }) : words.unstated }) + words.beside;
}

/* The optimal information size: of counts by the controls' risk, of scores by MID and SD. */
function needed({ mid, chances: [a, b], reduction, counted }, inside) {
  const of = (key) => inside.filter((m) => m[key]);
  if (counted) {
    const p = sum(of("counts").map((m) => m.counts[2])) / sum(of("counts").map((m) => m.counts[3])), q = p * (1 - reduction);
    const both = p + q, root = a * Math.sqrt(both * (1 - both / 2)) + b * Math.sqrt(p * (1 - p) + q * (1 - q));
    return p > 0 && 2 * (root / (p - q)) ** 2;
  }
  const known = of("spread");
  return mid && known.length && 4 * ((a + b) / mid) ** 2 * sum(known.map((m) => m.n * m.spread)) / sum(known.map((m) => m.n));
}

/* What imprecision takes off the certainty, and why. */
function imprecision(rules, words, inside, found) {
  const { marks, important, limits, levels, counted } = rules, size = needed(rules, inside);
  const little = Math.abs(found.estimate) < important;
  const held = marks.filter(([, x]) => (x || !little) && found.ci_low < x && x < found.ci_high).map(([name]) => name);
  const unknown = inside.filter((m) => !m.n).length, events = !size && counted && inside.every((m) => m.counts);
  const of = (rule) => sum(inside.map((m) => events && rule !== "alone" ? m.counts[0] + m.counts[2] : m.n));
  const share = sum(inside.map((m, i) => m.n ? 0 : found.weights[i]));
  const asked = (rule) => limits[rule] * (rule !== "alone" && size || 1), level = (rule) => levels[rule] ?? 0;
  const lowers = (rule) => of(rule) < asked(rule);
  let few = (size ? ["far", "size"] : [events ? "events" : "participants"]).find(lowers);
  if (inside.length === 1 && lowers("alone") && level("alone") < level(few)) { few = "alone"; }
  let rule = ["", "one"][held.length] ?? "two", why = words.inside[held] || words.enough;
  if (share >= limits.unknown) {
    rule = "unknown";
    why = words.unknown[inside.length === 1 ? 0 : unknown === inside.length ? 1 : 2];
  } else if (level(few) < level(rule)) {
    rule = few;
    why = few === "alone" ? words.alone : size ? words[few] + words.silent[unknown] : events ? words.events : words.few[unknown];
  }
  return fill(fill(words.changes[-level(rule)], { why }), { share: number(100 * share, 0) + "%",
    size: number(Math.ceil(size), 0), found: number(of(rule), Math.round(of(rule)) < asked(rule) ? 0 : 1) });
}

export function facts(data, words, { inside, found, beside }) {
  const said = {};
  if (beside?.k > 1) {
    const [value, low, high] = ["tau2", "tau2_low", "tau2_high"].map(
      (key) => key in beside && number(beside[key], data.decimals === 1 && !data.share ? 1 : 3));
    if (beside.i2 !== undefined) { said.i2 = number(beside.i2, 0) + "%"; }
    said.tau2 = low ? fill(words.between, { value, low, high }) : value;
    said.q = fill(beside.q_p < 0.0005 ? words.sure : words.q, { q: number(beside.q, 1), p: number(beside.q_p, 3) });
  }
  if (found && data.imprecision) { said.imprecision = imprecision(data.imprecision, words, inside, found); }
  return said;
}

/* Code of a state. */
export function code(data, template, calls, { inside, found, beside, used }) {
  const list = (f) => inside.map(f).join(", "), parts = {};
  const call = (name, ci) => fill(calls[name] ?? calls.random, { model: name, interval: calls[ci] });
  ["e1", "n1", "e2", "n2"].forEach((name, i) => { parts[name] = list((m) => m.counts?.[i]); });
  return fill(template, { ...parts, names: list((m) => JSON.stringify(m.trial)), yi: list((m) => m.y),
    vi: list((m) => m.v), found: inside.length > 1 ? call(...used) : call(calls.one ? "one" : "common", "z"),
    beside: inside.length < 2 || found === beside ? "found" : call(...data.beside) });
}

/* The figure of another question takes the place of one; where it cannot, its page is gone to. */
async function change(figure, elsewhere, address) {
  try {
    const text = await (await fetch(address)).text();
    const page = new DOMParser().parseFromString(text, "text/html");
    const template = page.querySelector("template.lr-recompute"), other = template.closest("figure");
    figure.replaceWith(other);
    begin(template, elsewhere, address);
  } catch { location.href = address; }
}

function begin(template, from, address) {
  const { words, ...data } = JSON.parse(template.nextElementSibling.textContent);
  const figure = template.closest("figure"), body = figure.querySelector("tbody");
  template.after(template.content);
  (from ? figure : template).querySelectorAll("[href]").forEach((a) => {
    a.setAttribute("href", new URL(a.getAttribute("href"), address));
  });
  const [status, form, link] = [".lr-state", "form", ".lr-taken"].map((css) => figure.querySelector(css));
  const details = form.parentElement, { hash, pathname } = link;
  const { model, interval, only } = form.elements;
  if (from) { form.querySelector("legend").after(from.parentElement); }
  const { analysis } = form.elements, here = analysis?.value;
  const ask = () => change(figure, analysis, new URL(`${analysis.value}.html`, link.href));
  const rows = [...body.querySelectorAll("tr:has(title):not(.lr-axis-row)")];
  const published = rows.map((row) => row.cloneNode(true)), boxes = new Map();
  const members = new Map(data.members.map((m) => [m.id, m]));
  const trial = (row) => row.dataset.trial, title = (row) => row.querySelector("title");
  // the only link of a row is where one stops
  const brief = !body.querySelector("td a"), stop = (row) => brief && row.querySelector("a") || row;
  const cell = (row, place) => row.cells[row.cells.length - place]; // 2: effect, 3: weight

  const [low, high] = data.ends, x = (at) => Math.min(100, Math.max(
    0, 100 * ((data.share ? share(at) : at) - low) / (high - low)));

  function draw(row, marks) {
    const svg = row.querySelector("svg");
    svg.querySelectorAll(":scope > :not(title, .lr-null, .lr-mid)").forEach((old) => old.remove());
    svg.insertAdjacentHTML("beforeend", marks);
  }

  function diamond(row, { found, used }, text) {
    const said = found ? told(data, words, found) : { estimate: words.absent, value: words.absent, interval: "" };
    title(row).textContent = fill(text, said);
    cell(row, 2).replaceChildren(said.value + " ", document.createElement("br"), said.interval);
    const [low, middle, high] = ["ci_low", "estimate", "ci_high"].map((key) => x(found?.[key]));
    const top = 100 * (middle - low) / (high - low || 1), [a, b, c, d] = [top / 2, 0.7 * top, 0.7 * top + 30, top / 2 + 50];
    const css = `${row.querySelector("svg svg > *").classList}`.replace(" lr-lens", "");
    const mark = used?.[0] === "posterior" && found.k > 1 ? `<path class="${css} lr-lens" d="M0,8C${a},8 ${b},0 ${top},0C${
      c},0 ${d},8 100,8C${d},8 ${c},16 ${top},16C${b},16 ${a},8 0,8Z"/>` : `<polygon class="${css}" points="0,8 ${
      top},0 100,8 ${top},16"/>`;
    draw(row, found ? `<svg x="${low}%" y="11" width="${high - low}%" height="16" viewBox="0 0 100 16"
      preserveAspectRatio="none" overflow="visible">${mark}</svg>` : "");
  }

  function prediction(row, beside, random) {
    const said = beside && told(data, words, beside), few = beside?.k < 5;
    row.hidden = !said?.ends;
    if (row.hidden) { return; }
    const low = x(beside.pi_low), high = x(beside.pi_high), arrow = (at, end, d) => at === end ?
      `<svg x="${at}%" y="19" overflow="visible"><path class="lr-arrow" d="${d}"/></svg>` : "";
    row.querySelector(".lr-sub").textContent = [words.where, few && words.uncertain,
      random && fill(words.random, said)].filter(Boolean).join(", ");
    cell(row, 2).textContent = said.ends;
    title(row).textContent = fill(words.prediction, said);
    draw(row, `<line class="lr-pi${few ? " lr-dotted" : ""}" x1="${low}%" x2="${high}%" y1="19" y2="19"/>` +
      arrow(low, 0, "M6 -4 L0 0 L6 4") + arrow(high, 100, "M-6 -4 L0 0 L-6 4"));
  }

  function study(row, weight, tables) {
    const root = Math.sqrt(weight || 0), side = 4 + 12 * root, mark = row.querySelector(".lr-square, .lr-ring");
    cell(row, 3).textContent = weight === undefined ? "" : tables && !weight ? "0% #" : percent(weight);
    Object.entries({ r: 2.5 + 5 * root, x: -side / 2, y: -side / 2, width: side, height: side }).forEach(
      ([key, value]) => mark?.hasAttribute(key) && mark.setAttribute(key, value));
  }

  /* What is read of a row. */
  function speak(row) {
    const m = members.get(trial(row)), off = boxes.get(trial(row))?.checked === false;
    const said = { estimate: title(row).textContent, weight: cell(row, 3).textContent };
    row.classList.toggle("lr-off", off);
    stop(row).ariaLabel = !m ? said.estimate : off ? fill(words.out, said) : fill(words.row, said) + " " +
      (data.share ? "" : Math.abs(m.y) > 1.96 * Math.sqrt(m.v) ? words.side : words.holds);
  }

  function show() {
    const without = [...boxes.keys()].filter((id) => !boxes.get(id).checked), tables = model.value === "MH";
    const state = { without, model: model.value, interval: interval.value }, all = compute(data, state);
    const { inside, found, beside } = all, numbers = facts(data, words, all);
    const address = new URLSearchParams(without.length ? { without: without.join(" ") } : "");
    const own = counting(data, model.value);
    [model, !own && interval].forEach(({ name, value }) => {
      if (value && value !== data[name]) { address.set(name, value); }
    });
    const query = address.size ? `?${address}` : "";
    link.href = pathname + query + hash;
    if (analysis?.selectedIndex) { address.set("analysis", here); }
    if (location.protocol !== "file:") { // the address of a file cannot be changed
      history.replaceState(null, "", location.pathname + (address.size ? `?${address}` : "") + location.hash);
    }
    interval.parentElement.hidden = own;
    figure.classList.toggle("lr-own", query);
    rows.forEach((row, i) => {
      const cells = [...published[i].cloneNode(true).cells], id = trial(row);
      row.hidden = false;
      cells.forEach((one, j) => { // a box stays
        if (j || !id) { row.cells[j].replaceChildren(...one.childNodes); }
      });
      if (query && id) {
        study(row, found?.weights[inside.findIndex((m) => m.id === id)], tables);
      } else if (query && row.matches(".lr-subtotal")) {
        const rest = new Set(members.keys());
        for (let one = row; (one = one.previousElementSibling) && trial(one);) { rest.delete(trial(one)); }
        diamond(row, compute(data, { ...state, without: [...without, ...rest] }), words.subgroup);
      } else if (query && row.matches(".lr-pooled")) {
        row.cells[0].firstChild.data = model.selectedOptions[0].text;
        row.querySelector(".lr-sub").textContent = size(words, inside);
        diamond(row, all, words.pooled);
      } else if (query) {
        prediction(row, beside, beside !== found);
      }
      speak(row);
    });
    form.querySelectorAll("[data-fact]").forEach((dd) => { dd.textContent = numbers[dd.dataset.fact] ?? "–"; });
    status.textContent = fill(found ? words.state : words.none, { which: query ? words.own : words.published,
      size: size(words, inside), ...found && told(data, words, found) });
    document.querySelectorAll("[data-take]").forEach((place) => {
      const { take, calls } = place.dataset;
      place.textContent = found ? code(data, take, JSON.parse(calls), all) : "";
    });
  }

  form.remove(); // no tab stop before it is asked for
  function open() {
    details.append(form);
    rows.filter((row) => members.has(trial(row))).forEach((row) => {
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
    if (target === analysis) { return ask(); }
    if (target === only) { choose((id) => !only.value || only.value.split(" ").includes(id)); }
    show();
  });
  form.addEventListener("reset", () => setTimeout(() => {
    choose(() => 1);
    show();
    if (analysis?.value !== here) { ask(); }
  }));

  /* One row is reached by tab, others by arrows; space puts a trial in or out. */
  const reach = (one) => rows.forEach((row) => { stop(row).tabIndex = row === one ? 0 : -1; });
  reach(rows[0]);
  body.addEventListener("keydown", (event) => {
    const { key, target } = event, there = rows.filter((row) => !row.hidden), at = there.map(stop).indexOf(target);
    const to = there[{ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: there.length - 1 }[key]];
    if (at < 0 || !to && key !== " ") { return; }
    event.preventDefault();
    if (to) { reach(to); stop(to).focus(); } else { boxes.get(trial(there[at]))?.click(); }
  });

  const asked = new URLSearchParams(location.search), known = [model, interval].filter(
    (select) => [...select.options].some((o) => o.value === asked.get(select.name)));
  const other = !from && [...analysis?.options ?? []].find((o) => o.value === asked.get("analysis"));
  if (other) {
    other.selected = true;
    ask();
  } else if (from || asked.has("without") || known.length) {
    known.forEach((select) => { select.value = asked.get(select.name); });
    open();
    choose((id) => !asked.get("without")?.split(" ").includes(id));
    show();
    details.open = true;
    from?.focus();
  }
  rows.forEach(speak);
}

if (globalThis.document) { document.querySelectorAll("template.lr-recompute").forEach((one) => begin(one)); }

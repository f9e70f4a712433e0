/* Pagefind in a page of ours: what is named exactly by the words stands first. */
const form = document.getElementById("lr-find"), count = document.getElementById("lr-count");
const list = document.getElementById("lr-found"), more = document.getElementById("lr-more");
const LOOKED_AT = 30, SHOWN = 10;
let pagefind = null, asked = 0, found = [], rest = [];

function say(name, words, number) {
  count.textContent = (count.dataset[name] || "").replace("{words}", words || "")
    .replace("{count}", number || 0);
}

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim()
    .replace(/^https?:\/\/(dx\.)?doi\.org\//, "");
}

/* Pagefind also finds pages by a few first letters of a word that it does not know: half of a word
   is asked for here, as its endings differ, and the whole of a number. */
function holds(page, words) {
  const text = plain(`${Object.values(page.meta).join(" ")} ${page.content}`);
  if (/^\S*\d\S*$/.test(words) && words.length > 5) { return text.includes(words); }
  return words.replace(/"/g, "").split(/\s+/).every(
    (word) => text.includes(word.slice(0, Math.max(3, word.length >> 1))));
}

/* 0 where the words are a name or number of the page or in a keyword of it, 1 where its title holds
   them, 2 elsewhere. */
function rank(page, words) {
  if ((page.meta.asked || "").split(/[,，、]\s*/).some((one) => plain(one).includes(words))) { return 0; }
  const named = Object.entries(page.meta).filter(([key]) => key !== "image" && key !== "image_alt")
    .flatMap(([, value]) => [value, ...value.split(/[;,|\s]+/)]).map(plain);
  if (/\d/.test(words) && named.includes(words)) { return 0; }
  return plain(page.meta.title || "").includes(words) ? 1 : 2;
}

function make(tag, properties) { return Object.assign(document.createElement(tag), properties); }

function entry(page) {
  // the part of the page that fits best, where that is not its beginning
  const part = page.sub_results.find((one) => one.url !== page.url && one.excerpt === page.excerpt);
  const item = make("li"), heading = make("h2"), about = make("p", { className: "lr-sub" });
  heading.append(make("a", { href: page.url, textContent: page.meta.title || page.url }));
  about.append(["kind", "indication"].flatMap((name) => page.filters[name] || []).join(" · "));
  if (part) {
    about.append(about.textContent && " · ", make("a", { href: part.url, textContent: part.title }));
  }
  // text escaped by Pagefind, with <mark> around the words
  item.append(heading, about, make("p", { innerHTML: page.excerpt }));
  return item;
}

async function show() {
  const run = asked;
  if (found.length < SHOWN && rest.length) {
    const loaded = await Promise.all(rest.splice(0, SHOWN).map((one) => one.data()));
    if (run !== asked) { return; }
    found.push(...loaded);
  }
  list.append(...found.splice(0, SHOWN).map(entry));
  more.hidden = !found.length && !rest.length;
}

async function search() {
  const run = ++asked, words = form.q.value.trim();
  const filters = {};
  for (const name of ["kind", "indication"]) { if (form[name].value) { filters[name] = form[name].value; } }
  const address = new URLSearchParams(Object.entries({ q: words, ...filters }).filter(([, value]) => value));
  history.replaceState(null, "", address.size ? `?${address}` : location.pathname);
  // a DOI is looked for without the address that leads to it
  const key = plain(words);
  const answer = await pagefind.search(key || null, { filters });
  // the few pages with keywords are all looked at: words that are not spaced are divided otherwise
  // when they are asked for than when they are listed
  const named = key ? await pagefind.search(null, { filters: { ...filters, named: "yes" } }) : { results: [] };
  const top = answer.results.slice(0, LOOKED_AT);
  top.push(...named.results.filter((one) => !top.some((other) => other.id === one.id)));
  const first = await Promise.all(top.map((one) => one.data()));
  if (run !== asked) { return; }
  found = [];
  rest = [];
  list.replaceChildren();
  if (!words && !Object.keys(filters).length) { say("empty"); more.hidden = true; return; }
  found = key ? first.filter((page) => holds(page, key)).sort((a, b) => rank(a, key) - rank(b, key)) : first;
  rest = found.length ? answer.results.filter((one) => !top.some((other) => other.id === one.id)) : [];
  const number = found.length + rest.length;
  say(["none", "one"][number] || "many", words || Object.values(filters).join(", "), number);
  await show();
}

function choices(select, values) {
  Object.keys(values || {}).sort().forEach((value) => {
    select.add(new Option(`${value} (${values[value]})`, value));
  });
}

async function begin() {
  const asking = new URLSearchParams(location.search);
  form.q.value = asking.get("q") || "";
  try {
    pagefind = await import(new URL("pagefind/pagefind.js", location));
    await pagefind.options({ baseUrl: new URL(".", location).pathname, excerptLength: 30 });
    const known = await pagefind.filters();
    for (const name of ["kind", "indication"]) {
      choices(form[name], known[name]);
      form[name].value = asking.get(name) in (known[name] || {}) ? asking.get(name) : "";
      form[name].addEventListener("change", search);
    }
  } catch (missing) {
    say("failed");
    return;
  }
  form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
  let pause = 0;
  form.q.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(search, 250); });
  more.addEventListener("click", show);
  if (!form.q.value) { form.q.focus(); }
  await search();
}

begin();

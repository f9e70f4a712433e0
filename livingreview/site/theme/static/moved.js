/* Leads from an old address, with what stood behind "#", to what it has become. */
{
  const { rules, sections, chapter } = JSON.parse(document.querySelector("script").textContent);
  const anchor = location.hash.slice(1);
  const [pattern, address] = rules.find(([rule]) => new RegExp(rule).test(anchor)) || [];
  const named = pattern && anchor.replace(new RegExp(pattern), address);
  location.replace(Object.hasOwn(sections, anchor) && sections[anchor] || named || chapter);
}

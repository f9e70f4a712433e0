// Keys for people who screen; every one of them presses a button or follows a link of the page.
"use strict";
const on = document.getElementById("keys-on");
const KEPT = "screening-keys";

function store(value) {
  try {
    if (value === undefined) return localStorage.getItem(KEPT);
    localStorage.setItem(KEPT, value);
  } catch { /* a browser that keeps nothing */ }
  return null;
}

if (on) {
  document.documentElement.classList.add("script");
  on.checked = store() !== "off";
  on.addEventListener("change", () => store(on.checked ? "on" : "off"));
}

// What was done is said after the page is there, so that screen readers say it.
const said = document.getElementById("said");
if (said && said.textContent.trim()) {
  const text = said.textContent;
  said.textContent = "";
  setTimeout(() => { said.textContent = text; }, 100);
}

const reasons = document.getElementById("reasons");
let excluding = false;

function exclude(begin) {
  excluding = begin;
  reasons?.classList.toggle("armed", begin);
  if (begin) reasons?.querySelector("button")?.focus();
}

function pressed(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !on?.checked) return;
  if (target.closest("input:not([type=checkbox]), select, textarea")) return;
  if (key === "Escape") return exclude(false);
  if (key === "e" && reasons) return exclude(true);
  const wanted = /^[1-9]$/.test(key) && (excluding || !reasons) ? `[data-digit="${key}"]`
    : /^[a-z]$/.test(key) ? `[data-key="${key}"]` : "";
  const found = wanted && document.querySelector(wanted);
  if (!found) return;
  event.preventDefault();
  found.click();
}

document.addEventListener("keydown", pressed);

// A form goes once, however often its button is pressed.
document.addEventListener("submit", event => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form").forEach(
  form => delete form.dataset.sent));

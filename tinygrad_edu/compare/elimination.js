// Stepping through an elimination. What is shown is a function of one place, an order and a step; the address keeps it.
"use strict";
(() => {
const data = JSON.parse(document.getElementById("elimination").textContent);
const names = Object.keys(data.orders);
const find = id => document.getElementById(id);
const all = selector => [...document.querySelectorAll(selector)];
const place = {order: data.first, step: 0};
const last = () => data.orders[place.order].frames.length - 1;

function go(order, step) {
  place.order = order;
  place.step = Math.min(Math.max(step, 0), last());
  show();
}

function show() {
  const frame = data.orders[place.order].frames[place.step];
  for (const edge of all("#picture .edge")) {
    edge.setAttribute("class", `edge ${frame.states[edge.id] || ""}`);
    const text = edge.querySelector("text");
    if (text) text.textContent = frame.edges[edge.id] || "";
  }
  for (const node of all("#picture .node")) {
    node.classList.toggle("current", node.id === frame.current);
    node.classList.toggle("gone", node.id !== frame.current && frame.gone.includes(node.id));
  }
  const count = state => Object.values(frame.states).filter(found => found === state).length;
  find("words").textContent = frame.words;
  find("edges").textContent = place.step ? `${count("made")} new edges, ${count("changed")} changed, ${Object.keys(frame.edges).length} now` : "";
  for (const button of all("#orders button")) button.setAttribute("aria-pressed", button.dataset.order === place.order);
  for (const row of all("tr[data-order]")) {
    const {totals} = data.orders[row.dataset.order], own = row.dataset.order === place.order;
    row.querySelector(".so-far").textContent = totals[place.step].toLocaleString("en");
    row.classList.toggle("current", own);
    own ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current");
  }
  const scrub = find("scrub").querySelector("input");
  scrub.max = last();
  scrub.value = place.step;
  scrub.setAttribute("aria-valuetext", `step ${place.step} of ${last()}`);
  find("count").textContent = `${place.step} / ${last()}`;
  find("back").disabled = place.step === 0;
  find("next").disabled = place.step === last();
  // An embedded page has no address of its own; some browsers refuse to write it, and nothing here depends on it.
  if (location.protocol === "about:") return;
  try { history.replaceState(null, "", `#order=${place.order}&step=${place.step}`); } catch { /* see above */ }
}

function recall() {
  const given = new URLSearchParams(location.hash.slice(1));
  go(names.includes(given.get("order")) ? given.get("order") : data.first, parseInt(given.get("step"), 10) || 0);
}

const by = step => go(place.order, place.step + step);
find("back").addEventListener("click", () => by(-1));
find("next").addEventListener("click", () => by(1));
find("scrub").querySelector("input").addEventListener("input", event => go(place.order, +event.target.value));
for (const button of all("#orders button")) button.addEventListener("click", () => go(button.dataset.order, place.step));
const keys = {ArrowRight: () => by(1), ArrowLeft: () => by(-1), Home: () => go(place.order, 0), End: () => go(place.order, last())};
names.forEach((name, i) => { keys[i + 1] = () => go(name, place.step); });
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  keys[event.key]();
  event.preventDefault();  // the scrubber would move too
});
addEventListener("hashchange", recall);
find("controls").hidden = false;
recall();
})();

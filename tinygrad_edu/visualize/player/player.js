// The player. What is shown is a function of one place: a sweep, a step of it, and a seed. `show` draws a place from
// nothing, so that stepping back, jumping by address and playing are all the same thing: set the place, show it.
"use strict";
(() => {
const data = JSON.parse(document.getElementById("trace").textContent);
const MODES = ["fwd", "tan", "rev"];
const TITLES = {fwd: "Values, forward", tan: "Tangents, forward", rev: "Adjoints, backward"};
const UNKNOWN = "—";
const PACE = 1100;  // milliseconds a step while playing: enough to read one substituted formula

const find = id => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// With scripting on, a noscript element holds its source as text: the picture and the table exist once in the file.
const still = document.querySelector("main > noscript");
const store = document.createElement("template");
store.innerHTML = still.textContent;
still.remove();
find("graph").append(...all("#picture, .nopicture", store.content));
find("table").append(store.content.querySelector("table"));
const picture = find("picture");

const variables = new Map(data.variables.map(v => [v.id, v]));
const rows = new Map(all("tr[data-v]").map(row => [row.dataset.v, row]));
const nodes = new Map(picture ? all(".node", picture).map(node => [node.id, node]) : []);
const edges = new Map(picture ? all(".edge", picture).map(edge => [edge.id, edge]) : []);
const accented = (label, mark) => label[0] + mark + label.slice(1);
const PREFIX = {
  fwd: () => "= ",
  tan: v => `${accented(v.label, "\u0307")} = `,
  rev: v => `${accented(v.label, "\u0304")} = `,
};

// -- the place ------------------------------------------------------------------------------------------------------

const place = {mode: "fwd", step: 0, seed: data.seed};
const stops = new Set();  // variables with a breakpoint
let chosen = null;  // the variable whose row was clicked
let timer = null;

const last = mode => data.frames[mode].length - 1;
const possible = mode => last(mode) >= 0;
const frame = () => data.frames[place.mode][place.step];
const along = now => now.edges || data.arrows[now.op] || [];  // the arrows that a step goes along
const each = text => Array.isArray(text) ? text[place.seed] : text;  // what depends on the seed has a text for each

function go(mode, step) {
  if (!possible(mode)) return;
  place.mode = mode;
  place.step = Math.min(Math.max(step, 0), last(mode));
  show();
}

// One step; over the end of a sweep lies the beginning of the next.
function move(by) {
  const step = place.step + by, other = MODES[MODES.indexOf(place.mode) + by];
  if (step >= 0 && step <= last(place.mode)) go(place.mode, step);
  else if (other && possible(other)) go(other, by > 0 ? 0 : last(other));
  else return false;
  return true;
}

// -- showing a place ------------------------------------------------------------------------------------------------

// What is known at the place: per sweep, for each variable all that was set so far, as [text, the amount added if any].
function known() {
  const reached = MODES.indexOf(place.mode), found = {};
  MODES.forEach((mode, i) => {
    const until = i < reached ? last(mode) : i === reached ? place.step : -1;
    const texts = found[mode] = new Map();
    for (const {set, amount} of data.frames[mode].slice(0, until + 1))
      for (const [v, text] of Object.entries(set)) texts.set(v, [...(texts.get(v) || []), [each(text), amount]]);
  });
  return found;
}

// A sum as it grew: 5 → +0.5 → 5.5. Of a long one the beginning and the end; `_sum_text` in _page.py writes the same.
function grown(parts) {
  const texts = parts.map(([sum, amount], i) => i ? `+${amount} → ${sum}`.replace("+−", "−") : sum);
  return (texts.length > 5 ? [texts[0], "…", ...texts.slice(-2)] : texts).join(" → ");
}

const cut = text => text.length > data.widest ? `${text.slice(0, data.widest - 1)}…` : text;

function show() {
  const now = frame(), found = known(), arrows = along(now);
  for (const [id, v] of variables) {
    const row = rows.get(id), node = nodes.get(id);
    for (const mode of MODES) {
      const texts = found[mode].get(id) || [];
      const latest = texts.length ? texts[texts.length - 1][0] : UNKNOWN;
      const cell = row.querySelector(`.${mode}`);
      cell.querySelector("b").textContent = texts.length ? grown(texts) : UNKNOWN;
      all("small", cell).forEach((small, i) => small.classList.toggle("due", i >= texts.length));
      const text = node && node.querySelector(`.${mode}`);
      if (text) text.textContent = cut(PREFIX[mode](v) + latest);
      if (node) node.classList.toggle(`has-${mode}`, texts.length > 0);
    }
    const touched = id in now.set;
    row.classList.toggle("current", touched && place.step > 0);
    touched && place.step > 0 ? row.setAttribute("aria-current", "step") : row.removeAttribute("aria-current");
    if (node) node.classList.toggle("current", touched);
  }
  for (const [id, [, number, step]] of Object.entries(data.partials)) {
    const text = edges.has(id) && edges.get(id).querySelector(".number");
    if (text) text.textContent = place.mode !== "fwd" || place.step >= step ? cut(number) : "";
  }
  for (const [id, node] of nodes) if (!variables.has(id)) node.classList.toggle("current", id === now.op);
  for (const [id, edge] of edges) edge.classList.toggle("current", arrows.includes(id));
  document.body.dataset.mode = place.mode;
  showCard(now);
  showControls(now);
  const target = Object.keys(now.set)[0];
  if (place.step > 0 && target) reveal(target);
  remember();
}

function showCard(now) {
  const words = `${TITLES[place.mode]}, step ${place.step} of ${last(place.mode)}`;
  find("where").textContent = words;
  find("formula").textContent = each(now.formula);
  find("numbers").textContent = each(now.numbers || "");
  // The local derivatives on the arrows that are gone along: of one value twice in an operation they are the same, said once.
  const rules = along(now).filter(id => id in data.partials).map(id => data.partials[id].slice(0, 2).join(" "));
  find("partials").textContent = [...new Set(rules)].join("   ·   ");
  const [where, code] = now.line === undefined ? ["", ""] : data.lines[now.line];
  find("source").firstChild.textContent = where;
  find("source").lastChild.textContent = code;
  const held = `${now.held.toLocaleString("en")} bytes`;
  find("memory").textContent = `Memory: ${held} held now`;
  // Read once per step, in whole sentences: the card itself would be read in pieces.
  find("said").textContent = [words, each(now.formula), each(now.numbers || ""), code && `Line: ${code}`, held]
    .filter(Boolean).join(". ");
}

function showControls() {
  for (const button of all("#modes button")) {
    button.setAttribute("aria-pressed", button.dataset.mode === place.mode);
    button.disabled = !possible(button.dataset.mode);
  }
  const scrub = find("scrub").querySelector("input"), end = last(place.mode);
  scrub.max = end;
  scrub.value = place.step;
  scrub.setAttribute("aria-valuetext", `step ${place.step} of ${end}`);
  find("count").textContent = `${place.step} / ${end}`;
  find("seed").querySelector("select").value = place.seed;
  find("seed").hidden = data.seeds.length < 2;
  find("play").textContent = timer === null ? "Play" : "Pause";
  find("back").disabled = place.mode === "fwd" && place.step === 0;
  find("next").disabled = place.step === end && !MODES.slice(MODES.indexOf(place.mode) + 1).some(possible);
  drawProfile();
}

// The memory held over the steps of this sweep, above the scrubber.
function drawProfile() {
  const held = data.frames[place.mode].map(f => f.held), most = Math.max(...held, 1), n = held.length;
  const profile = find("profile"), [path, mark] = profile.children, now = held[place.step] / most;
  profile.setAttribute("viewBox", `0 0 ${n - 1 || 1} 1`);  // a bar stands above its place on the scrubber, the outer ones cut in half
  path.setAttribute("d", `M0,1${held.map((h, i) => `V${1 - h / most}H${i + .5}`).join("")}V1Z`);
  for (const [name, value] of Object.entries({x: place.step - .5, y: 1 - now, width: 1, height: now})) mark.setAttribute(name, value);
}

// Whole if that can be read; else as large as reads well, and the pane scrolls.
function fit() {
  const pane = find("graph"), {width, height} = picture.viewBox.baseVal;
  const across = (pane.clientWidth - 16) / width, down = innerWidth < 700 ? Infinity : (pane.clientHeight - 16) / height;
  const whole = Math.min(across, down, 4 / 3);
  const scale = whole >= .75 ? whole : Math.max(Math.min(across, 1.1), .85);
  Object.assign(picture.style, {width: `${width * scale}px`, height: `${height * scale}px`, minWidth: 0, maxWidth: "none"});
}

// Only within its own pane: a page that jumps while it plays can't be read.
function reveal(id) {
  const smooth = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  for (const [pane, thing] of [[find("graph"), nodes.get(id)], [find("table"), rows.get(id)]]) {
    if (!thing) continue;
    const outer = pane.getBoundingClientRect(), inner = thing.getBoundingClientRect();
    if (inner.top < outer.top + 40 || inner.bottom > outer.bottom || inner.left < outer.left || inner.right > outer.right)
      pane.scrollBy({
        top: inner.top - outer.top - (outer.height - inner.height) / 2,
        left: inner.left - outer.left - (outer.width - inner.width) / 2,
        behavior: timer === null ? "auto" : smooth,
      });
  }
}

// -- the address ----------------------------------------------------------------------------------------------------

function remember() {
  const parts = [`mode=${place.mode}`, `step=${place.step}`];
  if (place.seed !== data.seed) parts.push(`seed=${data.seeds[place.seed].id}`);
  if (stops.size) parts.push(`break=${[...stops].join(",")}`);
  // An embedded page has no address of its own; some browsers refuse to write it, and the player doesn't depend on it.
  if (location.protocol === "about:") return;
  try { history.replaceState(null, "", `#${parts.join("&")}`); } catch { /* see above */ }
}

function recall() {
  const given = new URLSearchParams(location.hash.slice(1));
  const mode = MODES.includes(given.get("mode")) && possible(given.get("mode")) ? given.get("mode") : "fwd";
  const seed = data.seeds.findIndex(s => s.id === given.get("seed"));
  place.seed = seed < 0 ? data.seed : seed;
  stops.clear();
  for (const id of (given.get("break") || "").split(",")) if (variables.has(id)) stops.add(id);
  showStops();
  go(mode, parseInt(given.get("step"), 10) || 0);
}

// -- playing --------------------------------------------------------------------------------------------------------

function play() {
  if (!move(1)) go("fwd", 0);  // at the very end: once more
  const stop = Object.keys(frame().set).find(id => stops.has(id));
  if (stop) return pause(`Stopped at the breakpoint on ${variables.get(stop).label}.`);
  if (place.step === last(place.mode)) return pause("The end of this sweep.");
  timer = setTimeout(play, PACE);
  showControls();
}

function pause(why = "") {
  clearTimeout(timer);
  timer = null;
  showControls();
  if (why) find("said").textContent += ` ${why}`;
}

// -- rows and nodes -------------------------------------------------------------------------------------------------

function mark(name, id) {
  for (const thing of all(`.${name}`)) thing.classList.remove(name);
  for (const thing of [rows.get(id), nodes.get(id)]) if (thing) thing.classList.add(name);
}

function choose(id) {
  chosen = id === chosen ? null : id;
  mark("chosen", chosen);
  for (const button of all("button.pick")) button.setAttribute("aria-pressed", button.closest("tr").dataset.v === chosen);
  if (chosen) reveal(chosen);
}

function toggleStop(id) {
  if (!stops.delete(id)) stops.add(id);
  showStops();
  remember();
}

function showStops() {
  for (const [id, row] of rows) {
    row.querySelector(".stop button").setAttribute("aria-pressed", stops.has(id));
    if (nodes.has(id)) nodes.get(id).classList.toggle("stopped", stops.has(id));
  }
}

// The variable that an event is about: its row, its node, or what the operation under the pointer makes.
function subject(target) {
  const row = target.closest("tr[data-v]"), node = target.closest(".node");
  return row ? row.dataset.v : !node ? null : variables.has(node.id) ? node.id : data.makes[node.id];
}

function prepare() {
  for (const [id, row] of rows) {
    const {label} = variables.get(id), stop = document.createElement("button"), pick = document.createElement("button");
    stop.type = pick.type = "button";
    stop.setAttribute("aria-label", `Breakpoint on ${label}`);
    stop.title = "play stops here";
    stop.addEventListener("click", () => toggleStop(id));
    row.querySelector(".stop").append(stop);
    const head = row.querySelector("th");
    pick.className = "pick";
    pick.setAttribute("aria-pressed", "false");
    pick.append(...head.childNodes);
    pick.addEventListener("click", () => choose(id));
    head.append(pick);
    if (!nodes.has(id)) continue;
    const box = nodes.get(id).getBBox(), dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [name, value] of Object.entries({class: "dot", cx: box.x + 7, cy: box.y + 7, r: 4})) dot.setAttribute(name, value);
    nodes.get(id).append(dot);
  }
  const link = event => {
    const id = subject(event.target);
    mark("linked", id);
  };
  for (const pane of [find("graph"), find("table")]) {
    for (const name of ["pointerover", "focusin"]) pane.addEventListener(name, link);
    for (const name of ["pointerleave", "focusout"]) pane.addEventListener(name, () => mark("linked", null));
  }
  find("graph").addEventListener("click", event => {
    const id = subject(event.target);
    if (id) choose(id);
  });
  find("table").addEventListener("click", event => {
    const id = !event.target.closest("button") && subject(event.target);
    if (id) choose(id);
  });

  for (const button of all("#modes button")) button.addEventListener("click", () => { pause(); go(button.dataset.mode, 0); });
  find("back").addEventListener("click", () => { pause(); move(-1); });
  find("next").addEventListener("click", () => { pause(); move(1); });
  find("play").addEventListener("click", () => timer === null ? play() : pause());
  find("scrub").querySelector("input").addEventListener("input", event => {
    const step = +event.target.value;  // first: to pause is to show the place again, and the scrubber with it
    pause();
    go(place.mode, step);
  });
  const select = find("seed").querySelector("select");
  data.seeds.forEach((seed, i) => select.append(new Option(seed.title, i)));
  select.addEventListener("change", () => { place.seed = +select.value; show(); });

  const keys = {
    ArrowRight: () => move(1), ArrowLeft: () => move(-1),
    Home: () => go(place.mode, 0), End: () => go(place.mode, last(place.mode)),
    1: () => go("fwd", 0), 2: () => go("tan", 0), 3: () => go("rev", 0),
  };
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
    // What has the focus takes the space bar for itself, if it can be pressed.
    if (event.key === " " && !event.target.closest("button, summary")) timer === null ? play() : pause();
    else if (event.key === "b" && chosen) toggleStop(chosen);
    else if (keys[event.key]) { pause(); keys[event.key](); }
    else return;
    event.preventDefault();  // the scrubber and the page would move too
  });
  addEventListener("hashchange", () => { pause(); recall(); });
  for (const part of [find("controls"), find("now"), find("help")]) part.hidden = false;
  if (picture) new ResizeObserver(fit).observe(find("graph"));
}

prepare();
recall();
})();

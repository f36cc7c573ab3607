// What the user does: selects, moves, zooms, filters, searches.

let scheduled = false;

function redraw() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    draw();
    followView();
  });
}

let followTimer = 0;

// With nothing selected, the list shows what is in view.
function followView() {
  if (selection.at >= 0) return;
  clearTimeout(followTimer);
  followTimer = setTimeout(fillAround, 200);
}

const SPAN_MIN = 2000; // Nanoseconds.
const margin = () => (endTime() - startTime()) * 0.02 + 1;

// Shows a part of the run, within the run.
function show(from, to) {
  const [first, last] = [startTime() - margin(), endTime() + margin()];
  const span = Math.min(Math.max(to - from, SPAN_MIN), last - first);
  const start = Math.min(Math.max((from + to - span) / 2, first), last - span);
  [view.from, view.to] = [start, start + span];
  redraw();
}

const move = (pixels) => {
  const shift = timeOf(layout.left + pixels) - view.from;
  show(view.from + shift, view.to + shift);
};

// Zooms by a factor; the time under x stays where it is.
function zoom(factor, x = layout.left + (layout.width - layout.left - layout.right) / 2) {
  const time = timeOf(x);
  const span = Math.max(SPAN_MIN, (view.to - view.from) * factor);
  const share = (time - view.from) / (view.to - view.from);
  show(time - share * span, time + (1 - share) * span);
}

let linkTimer = 0;

function linkTo(at) {
  clearTimeout(linkTimer);
  linkTimer = setTimeout(() => {
    const hash = at >= 0 ? `#event=${data.first + at}` : "#";
    if (location.hash !== hash && (at >= 0 || location.hash)) location.replace(hash);
  }, 150);
}

// Selects a record, or none with -1, and brings it into view if need be.
function select(at, reveal) {
  selection.at = at;
  logView.shift = 0;
  if (pastIsShown) selection.past = at >= 0 ? causalPast([at]) : null;
  if (at >= 0) {
    const time = column.time[at];
    const span = view.to - view.from;
    if (reveal && (time < view.from + span * 0.04 || time > view.to - span * 0.04)) show(time - span / 2, time + span / 2);
    byId("spoken").textContent = `Record ${data.first + at}, ${column.node[at] ? "node " + column.node[at] : "the plan"}: ${words(at)}`;
  }
  linkTo(at);
  fillPanel();
  redraw();
}

// The next record behind or before a record that the filters let through, at one node if one is given.
function neighbour(at, direction, node = 0) {
  for (let place = at + direction; place >= 0 && place < count; place += direction) {
    if (shown[place] && (!node || column.node[place] === node)) return place;
  }
  return at;
}

function go(direction, sameNode) {
  const start = selection.at >= 0 ? selection.at : direction > 0 ? lowerBound(column.time, view.from) - 1 : lowerBound(column.time, view.to);
  select(neighbour(start, direction, sameNode && selection.at >= 0 ? column.node[selection.at] : 0), true);
}

let pastIsShown = false;

function togglePast() {
  pastIsShown = !pastIsShown;
  const of = selection.at >= 0 ? [selection.at] : evidence;
  selection.past = pastIsShown && of.length ? causalPast(of) : null;
  byId("causal").setAttribute("aria-pressed", pastIsShown);
  fillAround();
  redraw();
}

function showViolation() {
  if (!evidence.length) return;
  const last = evidence[evidence.length - 1];
  // What happened just before it is shown, too, when the evidence itself lies close together.
  const from = Math.min(column.time[evidence[0]], column.time[Math.max(0, last - 100)]);
  const to = column.time[last];
  const around = Math.max((to - from) * 0.12, (endTime() - startTime()) * 0.01, 2e6);
  show(from - around, to + around);
  select(last, false);
}

const showAll = () => show(startTime() - margin(), endTime() + margin());

function otherEnd() {
  const at = selection.at;
  if (at >= 0 && column.group[at] === MESSAGE && column.peer[at] >= 0) select(column.peer[at], true);
}

const KEYS_DOWN = {
  ArrowLeft: () => move(-layout.width * 0.15), ArrowRight: () => move(layout.width * 0.15),
  ArrowUp: () => go(-1, true), ArrowDown: () => go(1, true),
  "+": () => zoom(1 / 1.5), "=": () => zoom(1 / 1.5), "-": () => zoom(1.5), 0: showAll,
  Home: () => show(startTime() - margin(), startTime() - margin() + view.to - view.from),
  End: () => show(endTime() + margin() - view.to + view.from, endTime() + margin()),
  n: () => go(1, false), p: () => go(-1, false), m: otherEnd, c: togglePast, v: showViolation,
  t: toggleTheme, "/": () => byId("search").focus(), "?": () => byId("help").showModal(),
  Escape: () => select(-1, false),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, dialog")) return;
  const action = KEYS_DOWN[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

// Mouse, pen and fingers: one drags, two pinch, a press that does not move selects.
const pointers = new Map();
let moved = 0;

const pointOf = (event) => {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
};

function onPointerDown(event) {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, pointOf(event));
  if (pointers.size === 1) moved = 0;
}

function onPointerMove(event) {
  const before = pointers.get(event.pointerId);
  const now = pointOf(event);
  if (!before) return hover(now, event);
  if (pointers.size === 1) {
    moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (moved > 4) {
      move(before.x - now.x);
      // A cluster may be taller than the window; the wheel zooms, so a drag scrolls.
      canvas.parentElement.scrollTop += before.y - now.y;
    }
  } else {
    moved = 100;
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    const [wide, wider] = [Math.hypot(before.x - other.x, before.y - other.y), Math.hypot(now.x - other.x, now.y - other.y)];
    zoom(Math.max(wide, 1) / Math.max(wider, 1), (now.x + other.x) / 2);
    move((before.x - now.x) / 2);
  }
  pointers.set(event.pointerId, now);
}

function onPointerUp(event) {
  const { x, y } = pointOf(event);
  if (pointers.size === 1 && moved <= 4 && event.type === "pointerup") {
    const fault = faultAt(x, y);
    select(fault ? fault.record : recordAt(x, y), false);
  }
  pointers.delete(event.pointerId);
}

// The tooltip: a record or a fault under the mouse.
function hover({ x, y }, event) {
  const tip = byId("tip");
  const fault = faultAt(x, y);
  const at = fault ? -1 : recordAt(x, y);
  if (selection.hover !== at) {
    selection.hover = at;
    redraw();
  }
  canvas.style.cursor = fault || at >= 0 ? "pointer" : "grab";
  tip.hidden = !fault && at < 0;
  if (tip.hidden) return;
  if (fault) tip.replaceChildren(make("b", "", `Fault ${fault.fault}`), make("span", "", data.faults[fault.fault - 1][0]));
  else {
    const who = column.node[at] ? `n${column.node[at]}` : "plan";
    const head = `#${data.first + at}  ${timeWords(column.time[at])} s  ${who}`;
    const reached = (marksAt.get(at) ?? []).map((place) => data.situations[place][0]).join(", ");
    tip.replaceChildren(make("b", "", head), make("span", "", words(at)));
    if (reached) tip.append(make("em", "", reached));
  }
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - box.width - 8)}px`;
  tip.style.top = `${event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18}px`;
}

function hideTip() {
  byId("tip").hidden = true;
  selection.hover = -1;
  redraw();
}

function onWheel(event) {
  event.preventDefault();
  const pixels = event.deltaMode === 1 ? 16 : 1;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) move((event.deltaX || event.deltaY) * pixels);
  else zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY * pixels)) * 0.0022), pointOf(event).x);
}

function onOverview(event) {
  if (!event.buttons) return;
  overview.setPointerCapture(event.pointerId);
  const x = event.clientX - overview.getBoundingClientRect().left;
  const room = layout.width - layout.left - layout.right;
  const time = startTime() + ((x - layout.left) / room) * (endTime() - startTime());
  const span = view.to - view.from;
  show(time - span / 2, time + span / 2);
}

let searchTimer = 0;

function onSearch() {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => runSearch(), 120);
}

function runSearch() {
  clearTimeout(searchTimer);
  const problem = find(byId("search").value);
  tellMatches(problem);
  redraw();
}

function tellMatches(problem = "") {
  const found = search.matches.length;
  const place = lowerBound(search.matches, selection.at);
  const here = search.matches[place] === selection.at ? `${place + 1} of ` : "";
  byId("matches").textContent = problem || (search.text.trim() ? `${here}${found.toLocaleString("en")}` : "");
  byId("matches").classList.toggle("bad", problem !== "" || (search.text.trim() !== "" && !found));
}

function onSearchKey(event) {
  if (event.key === "Escape") return byId("search").blur();
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (search.text !== byId("search").value) runSearch();
  nextFound(event.shiftKey ? -1 : 1);
}

function nextFound(step) {
  const at = nextMatch(selection.at, step);
  if (at >= 0) select(at, true);
  tellMatches();
}

function chip(text, set, value, color) {
  const button = make("button", "chip", text);
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  if (color) button.style.setProperty("--mark", color);
  button.addEventListener("click", (event) => {
    const all = [...button.parentElement.querySelectorAll(".chip")];
    // With the Alt key, only this one stays; and all come back if it was alone.
    if (event.altKey) {
      const alone = set.size === 1 && set.has(value);
      all.forEach((other) => other.setValue(alone || other === button));
    } else button.setValue(!set.has(value));
    applyFilter();
    if (search.text) runSearch();
    fillAround();
    redraw();
  });
  button.setValue = (on) => {
    if (on) set.add(value);
    else set.delete(value);
    button.setAttribute("aria-pressed", on);
  };
  return button;
}

function fillFilters() {
  byId("groups").replaceChildren(...GROUPS.map((name, group) => chip(name, filter.groups, group, palette.groups[group])));
  byId("nodes").replaceChildren(...[...filter.nodes].map((node) => chip(`n${node}`, filter.nodes, node)));
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  palette = dark ? DARK : LIGHT;
  byId("theme").textContent = dark ? "Light" : "Dark";
  byId("groups").querySelectorAll(".chip").forEach((button, group) => button.style.setProperty("--mark", palette.groups[group]));
  fillLegend();
  fillViolation();
  fillPanel();
  redraw();
}

function toggleTheme() {
  setTheme(palette === LIGHT);
}

const eventOfLink = () => {
  const at = Number((location.hash.match(/event=(\d+)/) ?? [])[1]) - data.first;
  return Number.isInteger(at) && at >= 0 && at < count ? at : -1;
};

function onLink() {
  const at = eventOfLink();
  if (at >= 0 && at !== selection.at) select(at, true);
}

// On paper all is light, and the diagram is as wide as the page.
function onPrint(begins) {
  palette = begins || document.documentElement.dataset.theme === "light" ? LIGHT : DARK;
  measure();
  draw();
}

function listen() {
  document.addEventListener("keydown", onKey);
  canvas.addEventListener("pointerdown", onPointerDown);
  canvas.addEventListener("pointermove", onPointerMove);
  canvas.addEventListener("pointerup", onPointerUp);
  canvas.addEventListener("pointercancel", onPointerUp);
  canvas.addEventListener("pointerleave", hideTip);
  canvas.addEventListener("wheel", onWheel, { passive: false });
  canvas.addEventListener("dblclick", (event) => zoom(0.4, pointOf(event).x));
  overview.addEventListener("pointerdown", onOverview);
  overview.addEventListener("pointermove", onOverview);
  byId("search").addEventListener("input", onSearch);
  byId("search").addEventListener("keydown", onSearchKey);
  const clicks = {
    "zoom-in": () => zoom(1 / 1.5), "zoom-out": () => zoom(1.5), fit: showAll, theme: toggleTheme, causal: togglePast,
    "go-violation": showViolation, "go-turning": showTurn, next: () => go(1, false), previous: () => go(-1, false), "next-match": () => nextFound(1),
    "previous-match": () => nextFound(-1), "show-help": () => byId("help").showModal(), "close-help": () => byId("help").close(),
    older: () => shiftLogs(logView.wide - 2), newer: () => shiftLogs(2 - logView.wide),
  };
  for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", action);
  addEventListener("hashchange", onLink);
  addEventListener("beforeprint", () => onPrint(true));
  addEventListener("afterprint", () => onPrint(false));
  new ResizeObserver(() => { measure(); draw(); }).observe(canvas.parentElement);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => setTheme(event.matches));
}

function shiftLogs(by) {
  logView.shift += by;
  fillLogs();
}

function open() {
  fillHead();
  fillFilters();
  applyFilter();
  fillMetrics();
  fillTurning();
  fillFaults();
  fillSituations();
  byId("go-violation").hidden = !evidence.length;
  measure();
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
  listen();
  showAll();
  const at = eventOfLink();
  if (at >= 0) {
    const span = Math.min(view.to - view.from, 2e8);
    show(column.time[at] - span / 2, column.time[at] + span / 2);
    select(at, true);
  } else showViolation();
  draw();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

// For scripts, and for looking at a run from the console of the browser.
window.squall = { data, words, recordJson, select, show, view, selection, search, standingAt, causalPast, placeOf, count };
open();

// Draws the space-time diagram: one lane for each node, time to the right.

const LIGHT = {
  paper: "#ffffff", lane: "#f6f7f9", ink: "#1d2430", soft: "#667085", line: "#d7dce3", select: "#1565d8",
  roles: ["#8fa1b8", "#e8a317", "#1f9d62", "#c6ccd6", "#f0cf86"], bad: "#d3273e", fault: "#b4541a", match: "#8e3bd0", veil: "rgba(255,255,255,.66)",
  terms: ["#4a7fd6", "#c2813b", "#8a5fc0", "#3f8fa8", "#b8568f", "#7f853a"], termAlpha: 0.13,
  groups: ["#7a4fd0", "#2a78c8", "#14885a", "#7f8ea3", "#9a7b4f", "#c2457f", "#b4541a", "#a3aab5"],
  messages: {
    "request-vote": "#e08a00", vote: "#c77700", "append-entries": "#4c86c6", appended: "#9db3cb", conflict: "#9db3cb",
    forward: "#c2457f", "forward-reply": "#dba0bd", "pre-vote": "#e8b968", "pre-vote-reply": "#d6a957", "timeout-now": "#8e3bd0",
  }, heartbeat: "#b9c4d2",
};
const DARK = {
  paper: "#14181f", lane: "#1a1f28", ink: "#e4e8ee", soft: "#94a0b2", line: "#2e3643", select: "#6cabff",
  roles: ["#5f7088", "#e0a53a", "#2fb477", "#323a47", "#8f7440"], bad: "#ff5f70", fault: "#e08d4f", match: "#c48bff", veil: "rgba(20,24,31,.68)",
  terms: ["#5f8fe6", "#c98f50", "#a07ad6", "#55a5bd", "#cc70a5", "#989e52"], termAlpha: 0.17,
  groups: ["#a98bf0", "#62a9ee", "#41bd88", "#8695aa", "#c2a36f", "#e777a8", "#e08d4f", "#6d7684"],
  messages: {
    "request-vote": "#f0b04a", vote: "#d79a35", "append-entries": "#5d9ade", appended: "#53677f", conflict: "#53677f",
    forward: "#e777a8", "forward-reply": "#8a4d6a", "pre-vote": "#a98550", "pre-vote-reply": "#937445", "timeout-now": "#c48bff",
  }, heartbeat: "#3e4a5a",
};

const VOTES = new Set(["request-vote", "vote"]);
const MARKS_MAX = 5000; // More records than this in view are drawn as columns.
const MESSAGES_MAX = 4000; // More messages than this in view are left out.
const MARK = 8; // How far apart marks are stacked, in pixels.
const FAULT_ROWS = 4;
const FAULT_ROW = 17;

const view = { from: startTime(), to: endTime() };
const selection = { at: -1, past: null, hover: -1 };
const shown = new Uint8Array(count).fill(1); // What the filters let through.
const rank = new Uint16Array(count); // Which of the marks at one time and node a record is.
const filter = { groups: new Set(GROUPS.keys()), nodes: new Set(Array.from({ length: data.nodes }, (_, slot) => slot + 1)) };
const layout = { width: 0, height: 0, left: 54, right: 14, top: 0, lane: 0 };
const faultRows = faults.length ? stackFaults(FAULT_ROWS) : 0;

const canvas = document.getElementById("diagram");
const overview = document.getElementById("overview");
let palette = LIGHT;
let pen = canvas.getContext("2d");

const xOf = (time) => layout.left + ((time - view.from) / (view.to - view.from)) * (layout.width - layout.left - layout.right);
const timeOf = (x) => view.from + ((x - layout.left) / (layout.width - layout.left - layout.right)) * (view.to - view.from);
const yOf = (node) => layout.top + (node - 0.5) * layout.lane + layout.lane * 0.16;

// Marks are ranked among those that are shown; messages stand on the lane itself.
function applyFilter() {
  const latest = Array.from({ length: data.nodes + 1 }, () => ({ time: -1, rank: 0 }));
  for (let at = 0; at < count; at++) {
    const node = column.node[at];
    const group = column.group[at];
    shown[at] = filter.groups.has(group) && (node === 0 || filter.nodes.has(node)) ? 1 : 0;
    if (!shown[at] || group === MESSAGE || !node) continue;
    const last = latest[node];
    last.rank = last.time === column.time[at] ? last.rank + 1 : 0;
    last.time = column.time[at];
    rank[at] = last.rank;
  }
}

function resize(element, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = element.parentElement.clientWidth;
  element.style.height = `${height}px`;
  if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
  }
  const context = element.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return width;
}

function measure() {
  const room = canvas.parentElement.clientHeight;
  layout.top = 30 + faultRows * FAULT_ROW + (faultRows ? 8 : 0) + 18;
  layout.lane = Math.max(34, Math.min(150, (room - layout.top - 6) / data.nodes));
  layout.height = Math.max(room, layout.top + layout.lane * data.nodes + 6);
  layout.width = resize(canvas, layout.height);
  resize(overview, 46);
  if (PLOTS_HEIGHT) resize(plots, PLOTS_HEIGHT);
  if (TURNING_HEIGHT) resize(turningCanvas, TURNING_HEIGHT);
}

function visible() {
  const from = lowerBound(column.time, view.from);
  const to = lowerBound(column.time, view.to + 1);
  return [from, to];
}

const inPast = (at) => !selection.past || at <= selection.past[column.node[at]];

function draw() {
  pen = canvas.getContext("2d");
  pen.clearRect(0, 0, layout.width, layout.height);
  pen.fillStyle = palette.paper;
  pen.fillRect(0, 0, layout.width, layout.height);
  pen.font = FONT;
  pen.textBaseline = "middle";
  for (let node = 1; node <= data.nodes; node++) drawLane(node);
  drawFaults();
  const [from, to] = visible();
  const note = drawMessages();
  if (to - from > MARKS_MAX) drawColumns(from, to);
  else drawMarks(from, to);
  drawVeil();
  drawMatches();
  drawEvidence();
  drawSelection();
  drawAxis();
  drawNames();
  drawPlots();
  drawTurning();
  drawOverview();
  tellView(to - from, note);
}

const FONT = "11px ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

// Draws what of a list of lengths of time is in view. What is narrower than a pixel is drawn once for each pixel.
function eachLength(list, each) {
  let drawn = -1;
  for (let place = lengthAt(list, view.from); place < list.length && list[place].from <= view.to; place++) {
    const { from, to, value } = list[place];
    if (to < view.from) continue;
    const left = Math.max(layout.left, xOf(from));
    const right = Math.min(layout.width - layout.right, xOf(to));
    if (right <= drawn) continue;
    each(left, Math.max(right - left, 1), value, from);
    drawn = Math.max(left + 1, right);
  }
}

function drawLane(node) {
  const top = layout.top + (node - 1) * layout.lane;
  const width = layout.width - layout.left - layout.right;
  pen.fillStyle = palette.lane;
  pen.fillRect(layout.left, top + 2, width, layout.lane - 4);
  drawTerms(node, top);
  const y = yOf(node);
  eachLength(lanes[node].roles, (x, wide, role) => {
    pen.fillStyle = palette.roles[role];
    if (role === 3) pen.fillRect(x, y - 0.5, wide, 1);
    else pen.fillRect(x, y - (role === 2 ? 5 : 3), wide, role === 2 ? 10 : 6);
  });
  drawPauses(node, y);
}

function drawTerms(node, top) {
  let labelled = -1e9;
  eachLength(lanes[node].terms, (x, wide, term) => {
    if (!term) return;
    pen.globalAlpha = palette.termAlpha;
    pen.fillStyle = palette.terms[term % palette.terms.length];
    pen.fillRect(x, top + 2, wide, layout.lane - 4);
    pen.globalAlpha = 1;
    if (wide < 24 || x < labelled + 26 || layout.lane < 56) return;
    labelled = x;
    pen.fillStyle = palette.soft;
    pen.fillText(`t${term}`, x + 4, top + layout.lane - 10);
  });
}

function drawPauses(node, y) {
  eachLength(lanes[node].pauses, (x, wide) => {
    pen.save();
    pen.beginPath();
    pen.rect(x, y - 8, wide, 16);
    pen.clip();
    pen.strokeStyle = palette.ink;
    pen.globalAlpha = 0.55;
    pen.beginPath();
    for (let stripe = x - 16 - (x % 6); stripe < x + wide; stripe += 6) {
      pen.moveTo(stripe, y + 8);
      pen.lineTo(stripe + 16, y - 8);
    }
    pen.stroke();
    pen.restore();
  });
}

function drawFaults() {
  const bottom = layout.top + layout.lane * data.nodes;
  for (const fault of faults) {
    if (fault.to < view.from || fault.from > view.to) continue;
    const left = Math.max(layout.left, xOf(fault.from));
    const right = Math.min(layout.width - layout.right, xOf(fault.to));
    const y = 30 + fault.row * FAULT_ROW;
    pen.fillStyle = palette.fault;
    pen.globalAlpha = 0.055;
    pen.fillRect(left, y + 14, Math.max(right - left, 1), bottom - y - 14);
    pen.globalAlpha = 0.8;
    pen.fillRect(left, y + 2, Math.max(right - left, 3), 3);
    pen.globalAlpha = 1;
    const room = roomBehind(fault, left);
    if (room > 44) label(`${fault.fault}: ${data.faults[fault.fault - 1][0]}`, left + 2, y + 11, room - 8, palette.fault);
  }
}

// How many pixels a fault's label has before the next fault of its row begins.
function roomBehind(fault, left) {
  let end = layout.width - layout.right;
  for (const other of faults) {
    if (other.row === fault.row && other !== fault && other.from >= fault.from) end = Math.min(end, xOf(other.from));
  }
  return end - left;
}

function label(text, x, y, room, color) {
  pen.fillStyle = color;
  let words = text;
  const wide = pen.measureText(text).width;
  if (wide > room) words = text.slice(0, Math.max(1, Math.floor((text.length * room) / wide) - 1)) + "…";
  pen.fillText(words, x, y);
}

function messageColor(place) {
  const kind = messages.kind[place];
  const heartbeat = kind === "append-entries" && !said(messages.send[place], "entries");
  if (heartbeat) return palette.heartbeat;
  return palette.messages[kind] ?? palette.soft;
}

const isMessageShown = (place) => {
  const [send, arrival] = [messages.send[place], messages.arrival[place]];
  return (send >= 0 && shown[send]) || (arrival >= 0 && shown[arrival]);
};

function messagesInView() {
  if (!filter.groups.has(MESSAGE)) return [];
  const list = [];
  const first = lowerBound(messages.latest, view.from);
  for (let place = first; place < messages.start.length && messages.start[place] <= view.to; place++) {
    if (messages.end[place] >= view.from && isMessageShown(place)) list.push(place);
  }
  return list;
}

// Arrows, in one path for each colour. Gives how many were left out.
function drawMessages() {
  const list = messagesInView();
  const room = layout.width - layout.left - layout.right;
  pen.save();
  pen.beginPath();
  pen.rect(layout.left, 0, room, layout.height);
  pen.clip();
  const crowded = list.length > MESSAGES_MAX;
  const byColor = new Map();
  for (const place of list) {
    if (crowded && !messages.lost[place] && !VOTES.has(messages.kind[place])) continue;
    const past = messages.arrival[place] >= 0 && inPast(messages.arrival[place]) && !messages.lost[place];
    const color = messageColor(place);
    const key = `${color} ${past || !selection.past ? 1 : 0}`;
    if (!byColor.has(key)) byColor.set(key, []);
    byColor.get(key).push(place);
  }
  const drawn = [...byColor.values()].reduce((sum, places) => sum + places.length, 0);
  if (drawn <= 2 * MESSAGES_MAX) {
    for (const [key, places] of byColor) {
      const [color, past] = key.split(" ");
      pen.strokeStyle = pen.fillStyle = color;
      pen.globalAlpha = (past === "1" ? 1 : 0.25) * Math.max(0.25, Math.min(1, 500 / drawn));
      drawArrows(places);
    }
  }
  pen.restore();
  return drawn <= 2 * MESSAGES_MAX ? list.length - drawn : list.length;
}

// Where a message is: its ends, and how far it came.
function endsOf(place) {
  const [from, to] = [messages.from[place], messages.to[place]];
  const down = from < to ? 1 : -1;
  const ends = { x1: xOf(messages.start[place]), y1: yOf(from) + 5 * down, x2: xOf(messages.end[place]), y2: yOf(to) - 6 * down };
  if (messages.arrival[place] < 0) [ends.x2, ends.y2] = [ends.x1 + 22, ends.y1 + 22 * down];
  if (messages.send[place] < 0) [ends.x1, ends.y1] = [ends.x2 - 22, ends.y2 - 22 * down];
  return ends;
}

function drawArrows(places) {
  const heads = places.length < 1500;
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (const place of places) {
    const { x1, y1, x2, y2 } = endsOf(place);
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    if (messages.lost[place]) continue;
    if (heads && messages.arrival[place] >= 0) {
      const angle = Math.atan2(y2 - y1, x2 - x1);
      for (const side of [-0.42, 0.42]) {
        pen.moveTo(x2, y2);
        pen.lineTo(x2 - 7 * Math.cos(angle + side), y2 - 7 * Math.sin(angle + side));
      }
    }
  }
  pen.stroke();
  drawCrosses(places.filter((place) => messages.lost[place]));
}

// A lost message ends in a cross.
function drawCrosses(places) {
  if (!places.length) return;
  pen.strokeStyle = palette.bad;
  pen.lineWidth = 1.6;
  pen.beginPath();
  for (const place of places) {
    const { x2, y2 } = endsOf(place);
    pen.moveTo(x2 - 3.5, y2 - 3.5);
    pen.lineTo(x2 + 3.5, y2 + 3.5);
    pen.moveTo(x2 + 3.5, y2 - 3.5);
    pen.lineTo(x2 - 3.5, y2 + 3.5);
  }
  pen.stroke();
  pen.lineWidth = 1.2;
}

// Where the mark of a record is; messages have theirs on the lane.
function placeOf(at) {
  const node = column.node[at];
  if (!node) return { x: xOf(column.time[at]), y: layout.top - 10 };
  if (column.group[at] === MESSAGE) return { x: xOf(column.time[at]), y: yOf(node) };
  const most = Math.max(1, Math.floor((layout.lane * 0.66 - 14) / MARK));
  return { x: xOf(column.time[at]), y: yOf(node) - 11 - Math.min(rank[at], most - 1) * MARK };
}

const SPECIAL = new Set(["crash", "boot", "wipe", "stop", "broken", "pause", "suspend", "resume", "clock"].map((name) => KIND[name]));

function drawMarks(from, to) {
  const size = to - from > 1500 ? 2.4 : 3.2;
  for (let group = 0; group < GROUPS.length; group++) {
    pen.fillStyle = palette.groups[group];
    pen.beginPath();
    for (let at = from; at < to; at++) {
      if (column.group[at] !== group || !shown[at] || !column.node[at] || SPECIAL.has(column.kind[at])) continue;
      const { x, y } = placeOf(at);
      const radius = group === MESSAGE ? 1.8 : size;
      pen.moveTo(x + radius, y);
      pen.arc(x, y, radius, 0, 7);
    }
    pen.fill();
  }
  for (let at = from; at < to; at++) if (shown[at] && SPECIAL.has(column.kind[at])) drawSpecial(at);
  for (let at = from; at < to; at++) if (!column.node[at] && shown[at]) drawFaultMark(at);
  drawSituations(from, to);
}

function drawSpecial(at) {
  const { x } = placeOf(at);
  const y = yOf(column.node[at]);
  const kind = kindName(at);
  pen.lineWidth = 2.2;
  pen.strokeStyle = pen.fillStyle = kind === "boot" ? palette.roles[2] : kind === "clock" ? palette.fault : palette.bad;
  pen.beginPath();
  if (kind === "boot") {
    pen.moveTo(x, y - 8);
    pen.lineTo(x + 9, y);
    pen.lineTo(x, y + 8);
    pen.fill();
  } else if (kind === "crash" || kind === "stop" || kind === "broken" || kind === "wipe") {
    pen.moveTo(x - 6, y - 6);
    pen.lineTo(x + 6, y + 6);
    pen.moveTo(x + 6, y - 6);
    pen.lineTo(x - 6, y + 6);
    pen.stroke();
  } else {
    pen.moveTo(x, y - 9);
    pen.lineTo(x, y + 9);
    pen.stroke();
  }
  pen.lineWidth = 1;
}

function drawFaultMark(at) {
  const { x, y } = placeOf(at);
  pen.fillStyle = palette.fault;
  pen.beginPath();
  if (column.kind[at] === KIND.heal) pen.arc(x, y, 3, 0, 7);
  else {
    pen.moveTo(x - 4, y - 4);
    pen.lineTo(x + 4, y - 4);
    pen.lineTo(x, y + 4);
  }
  pen.fill();
}

// The first time that a situation is reached is marked with a small flag above the record.
function drawSituations(from, to) {
  pen.strokeStyle = pen.fillStyle = palette.match;
  for (const { at } of firstMarks) {
    if (at < from || at >= to || !shown[at]) continue;
    const { x, y } = placeOf(at);
    pen.beginPath();
    pen.moveTo(x + 3, y - 3);
    pen.lineTo(x + 9, y - 6);
    pen.lineTo(x + 3, y - 9);
    pen.fill();
  }
}

// When much is in view: for each lane and column of pixels, how much happened, by kind.
function drawColumns(from, to) {
  const wide = 3;
  const columns = Math.ceil((layout.width - layout.left - layout.right) / wide);
  const sums = new Uint32Array((data.nodes + 1) * columns * 8);
  for (let at = from; at < to; at++) {
    if (!shown[at]) continue;
    const place = Math.min(columns - 1, Math.max(0, Math.floor((xOf(column.time[at]) - layout.left) / wide)));
    sums[(column.node[at] * columns + place) * 8 + column.group[at]] += 1;
  }
  let most = 1;
  for (let cell = 0; cell < sums.length; cell += 8) {
    let sum = 0;
    for (let group = 0; group < 8; group++) sum += sums[cell + group];
    most = Math.max(most, sum);
  }
  const scale = (layout.lane * 0.55) / Math.log2(most + 1);
  for (let node = 1; node <= data.nodes; node++) {
    for (let place = 0; place < columns; place++) drawColumn(sums, (node * columns + place) * 8, place * wide, wide, node, scale);
  }
  for (let at = from; at < to; at++) if (SPECIAL.has(column.kind[at]) && shown[at]) drawSpecial(at);
}

function drawColumn(sums, cell, x, wide, node, scale) {
  let total = 0;
  for (let group = 0; group < 8; group++) total += sums[cell + group];
  if (!total) return;
  let y = yOf(node) - 7;
  const height = Math.log2(total + 1) * scale;
  for (let group = 0; group < 8; group++) {
    const part = (height * sums[cell + group]) / total;
    if (!part) continue;
    pen.fillStyle = palette.groups[group];
    pen.fillRect(layout.left + x, y - part, wide - 0.6, part);
    y -= part;
  }
}

// What is not in the causal past is veiled.
function drawVeil() {
  if (!selection.past) return;
  pen.fillStyle = palette.veil;
  for (let node = 1; node <= data.nodes; node++) {
    const last = selection.past[node];
    const x = last < 0 ? layout.left : Math.max(layout.left, xOf(column.time[last]) + 6);
    const top = layout.top + (node - 1) * layout.lane;
    if (x < layout.width - layout.right) pen.fillRect(x, top + 2, layout.width - layout.right - x, layout.lane - 4);
  }
}

function drawMatches() {
  if (!search.matches.length) return;
  pen.fillStyle = palette.match;
  const first = lowerBound(search.matches, visible()[0]);
  let drawn = -1;
  for (let place = first; place < search.matches.length; place++) {
    const at = search.matches[place];
    if (column.time[at] > view.to) break;
    const { x, y } = placeOf(at);
    if (x < drawn + 1) continue;
    drawn = x;
    pen.globalAlpha = 0.35;
    pen.beginPath();
    pen.arc(x, y, 7, 0, 7);
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillRect(x - 0.5, layout.top - 18, 1.5, 5);
  }
}

function drawEvidence() {
  pen.strokeStyle = palette.bad;
  pen.fillStyle = palette.bad;
  for (const at of evidence) {
    const { x, y } = placeOf(at);
    if (x < layout.left || x > layout.width - layout.right) continue;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, 8, 0, 7);
    pen.stroke();
    pen.lineWidth = 1;
    pen.globalAlpha = 0.45;
    pen.beginPath();
    pen.moveTo(x, layout.top);
    pen.lineTo(x, layout.top + layout.lane * data.nodes);
    pen.stroke();
    pen.globalAlpha = 1;
  }
}

function drawSelection() {
  for (const at of [selection.hover, selection.at]) {
    if (at < 0) continue;
    const { x, y } = placeOf(at);
    if (x < layout.left - 1 || x > layout.width - layout.right + 1) continue;
    pen.strokeStyle = palette.select;
    pen.lineWidth = 2;
    if (at === selection.at) {
      pen.globalAlpha = 0.5;
      pen.fillStyle = palette.select;
      pen.fillRect(x - 0.5, 24, 1, layout.height - 24);
      pen.globalAlpha = 1;
    }
    drawMessageOf(at);
    pen.beginPath();
    pen.arc(x, y, 5.5, 0, 7);
    pen.stroke();
    pen.lineWidth = 1;
  }
}

function drawMessageOf(at) {
  if (column.group[at] !== MESSAGE || column.peer[at] < 0) return;
  const [a, b] = [placeOf(at), placeOf(column.peer[at])];
  pen.beginPath();
  pen.moveTo(a.x, a.y);
  pen.lineTo(b.x, b.y);
  pen.stroke();
}

function drawAxis() {
  const span = view.to - view.from;
  const room = layout.width - layout.left - layout.right;
  let unit = 10 ** Math.floor(Math.log10((span * 90) / room));
  unit *= [1, 2, 5, 10].find((factor) => (unit * factor * room) / span >= 90) ?? 10;
  const decimals = Math.max(0, Math.min(9, 9 - Math.floor(Math.log10(unit) + 1e-9)));
  pen.textAlign = "center";
  for (let time = Math.ceil(view.from / unit) * unit; time <= view.to; time += unit) {
    const x = xOf(time);
    pen.fillStyle = palette.line;
    pen.fillRect(x, 20, 1, 5);
    pen.fillStyle = palette.soft;
    pen.fillText(`${(time / 1e9).toFixed(decimals)}s`, Math.min(x, layout.width - 32), 11);
  }
  pen.textAlign = "left";
  pen.fillStyle = palette.line;
  pen.fillRect(layout.left, 25, room, 1);
}

function drawNames() {
  pen.fillStyle = palette.paper;
  pen.fillRect(0, 26, layout.left - 1, layout.height);
  pen.font = "600 13px ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
  for (let node = 1; node <= data.nodes; node++) {
    pen.fillStyle = filter.nodes.has(node) ? palette.ink : palette.line;
    pen.fillText(`n${node}`, 16, yOf(node));
  }
  pen.font = FONT;
  if (faultRows) {
    pen.fillStyle = palette.fault;
    pen.fillText("faults", 8, 30 + 11);
  }
}

// The whole run in a strip: how much happened when, who led, and what is in view.
const overviewCache = { key: "", image: null };

function overviewX(time) {
  return layout.left + ((time - startTime()) / (endTime() - startTime())) * (layout.width - layout.left - layout.right);
}

function paintOverview(context) {
  const room = layout.width - layout.left - layout.right;
  const sums = new Uint32Array(Math.ceil(room) + 1);
  const scale = room / (endTime() - startTime());
  for (let at = 0; at < count; at++) sums[Math.floor((column.time[at] - startTime()) * scale)] += 1;
  const most = sums.reduce((a, b) => Math.max(a, b), 1);
  context.fillStyle = palette.lane;
  context.fillRect(layout.left, 4, room, 38);
  context.fillStyle = palette.roles[0];
  sums.forEach((sum, x) => sum && context.fillRect(layout.left + x, 34 - (26 * Math.log2(sum + 1)) / Math.log2(most + 1), 1, (26 * Math.log2(sum + 1)) / Math.log2(most + 1)));
  for (let node = 1; node <= data.nodes; node++) {
    for (const { from, to, value } of lanes[node].roles) {
      if (value !== 2) continue;
      context.fillStyle = palette.roles[2];
      context.fillRect(overviewX(from), 36, Math.max(1, overviewX(to) - overviewX(from) - 0.5), 4);
    }
  }
  context.fillStyle = palette.fault;
  for (const fault of faults) context.fillRect(overviewX(fault.from), 4, Math.max(1, overviewX(fault.to) - overviewX(fault.from)), 2);
  context.fillStyle = palette.bad;
  for (const at of evidence) context.fillRect(overviewX(column.time[at]) - 1, 4, 2, 38);
  context.font = FONT;
  context.textBaseline = "middle";
  context.fillStyle = palette.soft;
  context.fillText("whole", 8, 17);
  context.fillText("run", 8, 30);
}

function drawOverview() {
  const context = overview.getContext("2d");
  const key = `${layout.width} ${overview.width} ${palette.paper}`;
  if (overviewCache.key !== key) {
    const image = document.createElement("canvas");
    [image.width, image.height] = [overview.width, overview.height];
    const painter = image.getContext("2d");
    painter.scale(overview.width / layout.width, overview.width / layout.width);
    paintOverview(painter);
    Object.assign(overviewCache, { key, image });
  }
  context.clearRect(0, 0, layout.width, 46);
  context.drawImage(overviewCache.image, 0, 0, layout.width, overview.height / (overview.width / layout.width));
  context.fillStyle = palette.match;
  for (const at of search.matches.slice(0, 2000)) context.fillRect(overviewX(column.time[at]), 38, 1, 5);
  const [left, right] = [overviewX(view.from), overviewX(view.to)];
  context.strokeStyle = palette.select;
  context.lineWidth = 1.5;
  context.strokeRect(Math.max(layout.left, left), 2, Math.max(3, Math.min(right, layout.width - layout.right) - Math.max(layout.left, left)), 42);
}

// The record nearest to a point, or the message whose arrow passes by.
function recordAt(x, y) {
  const reach = timeOf(layout.left + 9) - view.from;
  const time = timeOf(x);
  const from = lowerBound(column.time, time - reach);
  let [best, distance] = [-1, 81];
  for (let at = from; at < count && column.time[at] <= time + reach; at++) {
    if (!shown[at]) continue;
    const place = placeOf(at);
    const far = (place.x - x) ** 2 + (place.y - y) ** 2;
    if (far < distance) [best, distance] = [at, far];
    if (at - from > 20000) break;
  }
  return best >= 0 ? best : messageAt(x, y);
}

function messageAt(x, y) {
  const list = messagesInView();
  if (list.length > MESSAGES_MAX) return -1;
  let [best, distance] = [-1, 25];
  for (const place of list) {
    const { x1, y1, x2, y2 } = endsOf(place);
    const length = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
    const along = Math.max(0, Math.min(1, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length));
    const far = (x1 + along * (x2 - x1) - x) ** 2 + (y1 + along * (y2 - y1) - y) ** 2;
    if (far < distance) [best, distance] = [messages.send[place] >= 0 ? messages.send[place] : messages.arrival[place], far];
  }
  return best;
}

const faultAt = (x, y) => {
  const row = Math.floor((y - 30) / FAULT_ROW);
  const time = timeOf(x);
  const near = timeOf(layout.left + 5) - view.from;
  return faults.find((fault) => fault.row === row && fault.from - near <= time && time <= fault.to + near);
};

// The run as the page holds it: columns of numbers, one place for each record, and what is derived from them once.

const data = JSON.parse(document.getElementById("run-data").textContent);
const KIND = Object.fromEntries(data.kinds.map(([name], place) => [name, place]));
const ROLES = ["follower", "candidate", "leader", "down", "pre-candidate"];
const GROUPS = data.groups;
const MESSAGE = GROUPS.indexOf("message");
const count = data.records.length;
const records = data.records;

// The fields of a shape, as the JSON of a trace has them; for a number, its place in the record. The sign of a number is text before it.
const fieldsOf = (json) =>
  JSON.parse(json.map((part) => (typeof part === "number" ? `{"place":${part}}` : part)).join("").replace(/-\{"place"/g, '{"sign":-1,"place"'));
const shapes = data.shapes.map((shape) => ({ ...shape, fields: fieldsOf(shape.json) }));
const shapeOf = (at) => shapes[records[at][3]];

// A number of a record. What a message says is told where it was sent. A number that is too long comes as text.
function numberAt(at, place) {
  const number = records[at][4 + place] ?? records[column.peer[at]][4 + place];
  return number < 0 ? data.numbers[-number - 1] : number;
}

const valueAt = (at, value) => (value?.place === undefined ? value : value.sign ? -numberAt(at, value.place) : numberAt(at, value.place));
// What a record says, and what its message says, by the names of a trace.
const field = (at, name) => valueAt(at, shapeOf(at).fields[name]);
const said = (at, name) => valueAt(at, shapeOf(at).fields.message?.[name]);
const kindName = (at) => shapeOf(at).fields.kind;

const column = {
  time: new Float64Array(count),
  event: new Float64Array(count),
  node: new Uint8Array(count),
  kind: new Uint8Array(count),
  group: new Uint8Array(count),
  term: new Float64Array(count),
  role: new Uint8Array(count), // The node's role at the record; 3 if it is down.
  peer: new Int32Array(count).fill(-1), // The other end of a message.
};

// Lengths of time that something lasted at a node: roles, terms, pauses.
const lanes = Array.from({ length: data.nodes + 1 }, () => ({ roles: [], terms: [], pauses: [] }));
const faults = []; // { fault, from, to, record, row }: a fault in force
const messages = { from: [], to: [], start: [], end: [], kind: [], lost: [], send: [], arrival: [], latest: [] };
const marksAt = new Map(); // Situations by record.
const firstMarks = []; // The first time that each situation was reached.

function readColumns() {
  let [event, time] = data.origin;
  records.forEach((record, at) => {
    event += record[0];
    time += record[1];
    column.event[at] = event;
    column.time[at] = time;
    column.node[at] = record[2];
    column.kind[at] = shapes[record[3]].kind;
    column.group[at] = data.kinds[column.kind[at]][1];
  });
}

const startTime = () => (count ? column.time[0] : 0);
const endTime = () => (count ? Math.max(column.time[count - 1], startTime() + 1000) : 1000);

function openLanes() {
  const standing = data.before.nodes;
  for (let node = 1; node <= data.nodes; node++) {
    const before = standing[node - 1];
    const role = before && before.up ? ROLES.indexOf(before.role) : 3;
    lanes[node].roles.push({ from: startTime(), to: endTime(), value: role });
    lanes[node].terms.push({ from: startTime(), to: endTime(), value: before ? before.term : 0 });
    if (before && before.paused) lanes[node].pauses.push({ from: startTime(), to: endTime() });
  }
}

function change(list, time, value) {
  const last = list[list.length - 1];
  if (last.value === value) return;
  last.to = time;
  list.push({ from: time, to: endTime(), value });
}

function closePause(lane, time) {
  const last = lane.pauses[lane.pauses.length - 1];
  if (last && last.open !== false) Object.assign(last, { to: time, open: false });
}

// Follows roles, terms and pauses; a node's term and role hold for its records from the change on.
function followNode(at) {
  const node = column.node[at];
  const time = column.time[at];
  const lane = lanes[node];
  switch (kindName(at)) {
    case "boot":
      change(lane.roles, time, 0);
      change(lane.terms, time, field(at, "term"));
      break;
    case "crash":
      change(lane.roles, time, 3);
      closePause(lane, time);
      break;
    case "term":
      change(lane.terms, time, field(at, "term"));
      break;
    case "role":
      change(lane.roles, time, ROLES.indexOf(field(at, "role")));
      change(lane.terms, time, field(at, "term"));
      break;
    case "pause": case "suspend":
      lane.pauses.push({ from: time, to: endTime(), open: true });
      break;
    case "resume":
      closePause(lane, time);
      break;
  }
  column.role[at] = lane.roles[lane.roles.length - 1].value;
  column.term[at] = lane.terms[lane.terms.length - 1].value;
}

function followFault(at, open) {
  const fault = field(at, "fault");
  const kind = kindName(at);
  if (kind === "fault") {
    // What strikes once, as a crash does, has no end of its own.
    const to = data.faults[fault - 1][1] ? endTime() : column.time[at];
    const entry = { fault, from: column.time[at], to, record: at, row: 0 };
    faults.push(entry);
    (open[fault] ??= []).push(entry);
  } else if (kind === "heal") {
    const entry = (open[fault] ?? []).shift();
    if (entry) entry.to = column.time[at];
    else faults.push({ fault, from: startTime(), to: column.time[at], record: at, row: 0 });
  }
}

// Faults that overlap in time go to different rows.
function stackFaults(rowsMax) {
  const ends = [];
  for (const fault of faults.sort((a, b) => a.from - b.from)) {
    let row = ends.findIndex((end) => end < fault.from);
    if (row < 0) row = ends.length < rowsMax ? ends.length : rowsMax - 1;
    fault.row = row;
    ends[row] = Math.max(ends[row] ?? 0, fault.to);
  }
  return Math.max(1, ends.length);
}

function pairMessages() {
  const sent = new Map();
  const add = (send, arrival, lost) => {
    const end = arrival >= 0 ? arrival : send;
    messages.from.push(send >= 0 ? column.node[send] : field(arrival, "from"));
    messages.to.push(arrival >= 0 ? column.node[arrival] : field(send, "to"));
    messages.start.push(column.time[send >= 0 ? send : arrival]);
    messages.end.push(arrival >= 0 ? column.time[end] : endTime());
    messages.kind.push(send >= 0 ? said(send, "message") : "");
    messages.lost.push(lost);
    messages.send.push(send);
    messages.arrival.push(arrival);
  };
  const pending = new Map();
  for (let at = 0; at < count; at++) {
    const kind = column.kind[at];
    if (kind === KIND.send) {
      sent.set(field(at, "id"), at);
      pending.set(field(at, "id"), at);
    } else if (kind === KIND.deliver || kind === KIND.drop || kind === KIND.duplicate) {
      const send = sent.get(field(at, "id")) ?? -1;
      column.peer[at] = send;
      if (kind === KIND.duplicate || send < 0) continue;
      if (column.peer[send] < 0) column.peer[send] = at;
      pending.delete(field(at, "id"));
      add(send, at, kind === KIND.drop);
    }
  }
  for (const send of pending.values()) add(send, -1, false);
  sortMessages();
}

// By the time of sending; `latest` is the latest arrival up to each, so that a search finds all that are still under way.
function sortMessages() {
  const order = messages.start.map((_, place) => place).sort((a, b) => messages.start[a] - messages.start[b]);
  for (const name of ["from", "to", "start", "end", "kind", "lost", "send", "arrival"]) {
    const old = messages[name];
    messages[name] = order.map((place) => old[place]);
  }
  let latest = 0;
  messages.latest = messages.end.map((end) => (latest = Math.max(latest, end)));
}

function readMarks() {
  const seen = new Set();
  for (let place = 0; place < data.marks.length; place += 2) {
    const [at, situation] = [data.marks[place], data.marks[place + 1]];
    if (!marksAt.has(at)) marksAt.set(at, []);
    marksAt.get(at).push(situation);
    if (!seen.has(situation)) firstMarks.push({ at, situation });
    seen.add(situation);
  }
}

// The first place in an ascending list that is not below a value.
function lowerBound(list, value) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The last length of time in a list that begins at or before a time.
function lengthAt(list, time) {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (list[middle].from <= time) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

// Entries are kept once, as a tree: a place stands for an entry and all before it, so two logs are the same up to an index
// exactly if they have the same place there.
const chain = { index: [data.before.base], term: [0], content: [0], parent: [0], known: new Map() };

function entryBehind(parent, term, content) {
  const key = `${parent}/${term}/${content}`;
  const known = chain.known.get(key);
  if (known !== undefined) return known;
  const place = chain.index.length;
  chain.index.push(chain.index[parent] + 1);
  chain.term.push(term);
  chain.content.push(content);
  chain.parent.push(parent);
  chain.known.set(key, place);
  return place;
}

// The place of an entry by index and term, where some node had it: what a snapshot ends with.
function entryAt(index, term) {
  for (let place = chain.index.length - 1; place > 0; place--) {
    if (chain.index[place] === index && chain.term[place] === term) return place;
  }
  return 0;
}

function cutBefore(place, index) {
  while (place > 0 && chain.index[place] >= index) place = chain.parent[place];
  return place;
}

// How the cluster stands before the first record. Which write an entry on its way to the disk belongs to is not known there; 0 is
// before all writes, so the first sync takes it along.
function standingBefore() {
  return Array.from({ length: data.nodes + 1 }, (_, node) => {
    const before = data.before.nodes[node - 1];
    const state = { up: false, paused: false, role: 0, term: 0, leader: 0, commit: 0, applied: 0, log: 0, disk: 0, compacted: [0, 0], pending: [] };
    if (!before) return state;
    const whole = (content) => (content < 0 ? data.numbers[-content - 1] : content);
    const entries = (log) => log.map(([term, content]) => [term, whole(content)]);
    const place = (log) => entries(log).reduce((parent, [term, content]) => entryBehind(parent, term, content), 0);
    const { up, paused, term, leader, commit, applied, compacted } = before;
    Object.assign(state, { up, paused, role: ROLES.indexOf(before.role), term, leader, commit, applied, compacted });
    Object.assign(state, { log: place(before.log), disk: place(before.durable) });
    if (state.log !== state.disk) {
      state.pending.push({ write: 0, cut: data.before.base + 1 });
      entries(before.log).forEach(([term, content]) => state.pending.push({ write: 0, term, content }));
    }
    return state;
  });
}

function carryOut(state, op) {
  if (op.compacted !== undefined) state.compacted = [state.compacted[0], op.compacted];
  if (op.place !== undefined) state.disk = op.place;
  else if (op.cut !== undefined) state.disk = cutBefore(state.disk, op.cut);
  else if (op.compacted === undefined) state.disk = entryBehind(state.disk, op.term, op.content);
}

function sync(state, upto, torn) {
  let [next, taken] = [-1, 0];
  while (state.pending.length) {
    const op = state.pending[0];
    if (op.write > upto) {
      if (next < 0) next = op.write;
      taken += 1;
      if (taken > torn || op.write !== next) break;
    }
    carryOut(state, op);
    state.pending = state.pending.slice(1);
  }
}

function step(states, at) {
  const state = states[column.node[at]];
  switch (kindName(at)) {
    case "boot":
      Object.assign(state, { up: true, paused: false, role: 0, term: field(at, "term"), leader: 0, applied: field(at, "applied") });
      state.commit = state.applied;
      break;
    case "crash":
      sync(state, field(at, "survived"), field(at, "torn"));
      Object.assign(state, { up: false, paused: false, role: 0, pending: [], log: state.disk, compacted: [state.compacted[1], state.compacted[1]] });
      break;
    case "wipe":
      Object.assign(state, { log: 0, disk: 0, compacted: [0, 0], pending: [] });
      break;
    case "pause": case "suspend": state.paused = true; break;
    case "resume": state.paused = false; break;
    case "term": state.term = field(at, "term"); break;
    case "role": [state.role, state.term] = [ROLES.indexOf(field(at, "role")), field(at, "term")]; break;
    case "leader": state.leader = field(at, "leader") ?? 0; break;
    case "commit": state.commit = field(at, "index"); break;
    case "apply": case "restore": state.applied = field(at, "index"); break;
    case "compact":
      state.compacted = [field(at, "upto"), state.compacted[1]];
      state.pending = [...state.pending, { write: field(at, "write"), compacted: field(at, "upto") }];
      break;
    case "discard": {
      const place = entryAt(field(at, "index"), field(at, "term"));
      state.log = place;
      state.compacted = [field(at, "index"), state.compacted[1]];
      state.pending = [...state.pending, { write: field(at, "write"), place, compacted: field(at, "index") }];
      break;
    }
    case "append":
      state.log = entryBehind(cutBefore(state.log, field(at, "index")), field(at, "term"), field(at, "content"));
      state.pending = [...state.pending, { write: field(at, "write"), term: field(at, "term"), content: field(at, "content") }];
      break;
    case "truncate":
      state.log = cutBefore(state.log, field(at, "from"));
      state.pending = [...state.pending, { write: field(at, "write"), cut: field(at, "from") }];
      break;
    // What is on a disk that lies shows at a crash, or when it keeps its word.
    case "durable": if (!field(at, "lie")) sync(state, field(at, "write"), 0); break;
  }
}

const CHECKPOINT = 1024;
const checkpoints = [];
const copyOf = (states) => states.map((state) => ({ ...state }));

// How the cluster stands after a record; checkpoints are made on the way, once.
function standingAt(at) {
  if (!checkpoints.length) checkpoints.push(standingBefore());
  const wanted = Math.floor((at + 1) / CHECKPOINT);
  while (checkpoints.length <= wanted) {
    const states = copyOf(checkpoints[checkpoints.length - 1]);
    const from = (checkpoints.length - 1) * CHECKPOINT;
    for (let place = from; place < from + CHECKPOINT; place++) step(states, place);
    checkpoints.push(states);
  }
  const states = copyOf(checkpoints[wanted]);
  for (let place = wanted * CHECKPOINT; place <= at; place++) step(states, place);
  return states;
}

// The causal past of records: for each node the last of its records that can have led to them, by its own order and by messages.
function causalPast(places) {
  const past = new Int32Array(data.nodes + 1).fill(-1);
  let last = -1;
  for (const at of places) {
    past[column.node[at]] = Math.max(past[column.node[at]], at);
    last = Math.max(last, at);
  }
  past[0] = last;
  for (let at = last; at >= 0; at--) {
    if (column.kind[at] !== KIND.deliver || at > past[column.node[at]] || column.peer[at] < 0) continue;
    const send = column.peer[at];
    const node = column.node[send];
    past[node] = Math.max(past[node], send);
  }
  return past;
}

function load() {
  readColumns();
  openLanes();
  const open = {};
  for (let at = 0; at < count; at++) {
    if (column.node[at]) followNode(at);
    else followFault(at, open);
  }
  pairMessages();
  readMarks();
}

load();
const evidence = (data.violation ? data.violation.evidence : []).map((number) => number - data.first)
  .filter((at) => at >= 0 && at < count);

// The run as the page holds it: columns of numbers, one place for each record, and what is derived from them once.

const data = JSON.parse(document.getElementById("run-data").textContent);
const KIND = Object.fromEntries(data.kinds.map((name, place) => [name, place]));
const ROLES = ["follower", "candidate", "leader", "down", "pre-candidate"];
const MESSAGES = ["request-vote", "vote", "append-entries", "append-reply", "forward", "forward-reply", "pre-vote",
  "pre-vote-reply", "timeout-now", "install-snapshot", "snapshot-reply",
  "read-round", "read-round-reply", "read-index", "read-index-reply"];
const LOSSES = ["network", "cut", "cut-in-flight", "down", "unsent"];
const GROUPS = ["role", "log", "commit", "message", "disk", "client", "fault", "timer"];
const GROUP_OF = {
  term: 0, role: 0, leader: 0, transfer: 0, "target-priority": 0, configure: 1, append: 1, truncate: 1, vote: 1, commit: 2, apply: 2, send: 3, deliver: 3, drop: 3,
  duplicate: 3, durable: 4, "write-failed": 4, invoke: 5, request: 5, reply: 5, answered: 5, "timed-out": 5,
  "gave-up": 5, timer: 7, snapshot: 4, "snapshot-saved": 4, compact: 1, discard: 1, restore: 2, corrupt: 6, refuse: 6,
};
const count = data.records.length;
const records = data.records;

// What a record says behind event, time, node and kind; zeros at the end are left out.
const field = (at, place) => records[at][4 + place] ?? 0;

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

const groupOfKind = data.kinds.map((name) => GROUP_OF[name] ?? 6);

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
    column.kind[at] = record[3];
    column.group[at] = groupOfKind[record[3]];
  });
}

const startTime = () => (count ? column.time[0] : 0);
const endTime = () => (count ? Math.max(column.time[count - 1], startTime() + 1000) : 1000);

function openLanes() {
  const standing = data.before.nodes;
  for (let node = 1; node <= data.nodes; node++) {
    const before = standing[node - 1];
    const role = before && before.up ? before.role : 3;
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
  switch (data.kinds[column.kind[at]]) {
    case "boot":
      change(lane.roles, time, 0);
      change(lane.terms, time, field(at, 1));
      break;
    case "crash":
      change(lane.roles, time, 3);
      closePause(lane, time);
      break;
    case "term":
      change(lane.terms, time, field(at, 0));
      break;
    case "role":
      change(lane.roles, time, field(at, 0));
      change(lane.terms, time, field(at, 1));
      break;
    case "pause":
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
  const fault = field(at, 0);
  const kind = data.kinds[column.kind[at]];
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
    messages.from.push(send >= 0 ? column.node[send] : field(arrival, 0));
    messages.to.push(arrival >= 0 ? column.node[arrival] : field(send, 0));
    messages.start.push(column.time[send >= 0 ? send : arrival]);
    messages.end.push(arrival >= 0 ? column.time[end] : endTime());
    messages.kind.push(send >= 0 ? field(send, 2) : -1);
    messages.lost.push(lost);
    messages.send.push(send);
    messages.arrival.push(arrival);
  };
  const pending = new Map();
  for (let at = 0; at < count; at++) {
    const kind = column.kind[at];
    if (kind === KIND.send) {
      sent.set(field(at, 1), at);
      pending.set(field(at, 1), at);
    } else if (kind === KIND.deliver || kind === KIND.drop || kind === KIND.duplicate) {
      const send = sent.get(field(at, 1)) ?? -1;
      column.peer[at] = send;
      if (kind === KIND.duplicate || send < 0) continue;
      if (column.peer[send] < 0) column.peer[send] = at;
      pending.delete(field(at, 1));
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
    const place = (log) => log.reduce((parent, [term, content]) => entryBehind(parent, term, content), 0);
    const { up, paused, role, term, leader, commit, applied, compacted } = before;
    Object.assign(state, { up, paused, role, term, leader, commit, applied, compacted });
    Object.assign(state, { log: place(before.log), disk: place(before.durable) });
    if (state.log !== state.disk) {
      state.pending.push({ write: 0, cut: data.before.base + 1 });
      before.log.forEach(([term, content]) => state.pending.push({ write: 0, term, content }));
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
  switch (data.kinds[column.kind[at]]) {
    case "boot":
      Object.assign(state, { up: true, paused: false, role: 0, term: field(at, 1), leader: 0, applied: field(at, 4) });
      state.commit = state.applied;
      break;
    case "crash":
      sync(state, field(at, 0), field(at, 1));
      Object.assign(state, { up: false, paused: false, role: 0, pending: [], log: state.disk, compacted: [state.compacted[1], state.compacted[1]] });
      break;
    case "wipe":
      Object.assign(state, { log: 0, disk: 0, compacted: [0, 0], pending: [] });
      break;
    case "pause": state.paused = true; break;
    case "resume": state.paused = false; break;
    case "term": state.term = field(at, 0); break;
    case "role": [state.role, state.term] = [field(at, 0), field(at, 1)]; break;
    case "leader": state.leader = field(at, 0); break;
    case "commit": state.commit = field(at, 0); break;
    case "apply": case "restore": state.applied = field(at, 0); break;
    case "compact":
      state.compacted = [field(at, 1), state.compacted[1]];
      state.pending = [...state.pending, { write: field(at, 0), compacted: field(at, 1) }];
      break;
    case "discard": {
      const place = entryAt(field(at, 1), field(at, 2));
      state.log = place;
      state.compacted = [field(at, 1), state.compacted[1]];
      state.pending = [...state.pending, { write: field(at, 0), place, compacted: field(at, 1) }];
      break;
    }
    case "append":
      state.log = entryBehind(cutBefore(state.log, field(at, 1)), field(at, 2), field(at, 3));
      state.pending = [...state.pending, { write: field(at, 0), term: field(at, 2), content: field(at, 3) }];
      break;
    case "truncate":
      state.log = cutBefore(state.log, field(at, 1));
      state.pending = [...state.pending, { write: field(at, 0), cut: field(at, 1) }];
      break;
    // What is on a disk that lies shows at a crash, or when it keeps its word.
    case "durable": if (!field(at, 1)) sync(state, field(at, 0), 0); break;
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

// The side panel: the violation, the record at the cursor, the logs there, and what happened around it.

const byId = (id) => document.getElementById(id);

// An element with a class, a text, and what else it holds. Texts are never read as HTML.
function make(tag, name, text, children = []) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

function recordLine(at, name = "") {
  const line = make("button", `line ${name}`);
  line.type = "button";
  line.dataset.at = at;
  const node = column.node[at];
  const dot = make("i", "dot");
  dot.style.background = palette.groups[column.group[at]];
  line.append(dot, make("span", "number", `#${data.first + at}`), make("span", "time", timeWords(column.time[at])));
  line.append(make("span", "who", node ? `n${node}` : ""), make("span", "what", words(at)));
  line.addEventListener("click", () => select(at, true));
  return line;
}

function fillHead() {
  const title = data.title || "A run without a title";
  document.title = `${title} - squall`;
  byId("title").textContent = title;
  const [word, lines] = data.verdict;
  const kept = data.violation ? `${data.violation.property} violated` : "no violation";
  byId("verdict").textContent = ["UNMET", "UNDECIDED"].includes(word) ? `${word}: ${lines[0]}` : kept;
  byId("verdict").className = data.violation || word !== "ok" ? "verdict bad" : "verdict good";
  byId("verdict-section").hidden = !lines.length;
  byId("verdict-lines").replaceChildren(...lines.map((line) => make("p", "hint", line)));
  const { events, records: all, messages: sent, leaders, term_max, commits, answers } = data.counters;
  const facts = [
    `${data.nodes} nodes`, `seed ${data.seed}`, data.ended, `${events.toLocaleString("en")} events`,
    `${sent.toLocaleString("en")} messages`, `${leaders} leaders`, `term ${term_max}`, `${commits} commits`, `${answers} answers`,
  ];
  if (count < all) facts.push(`here: records ${data.first} to ${data.first + count - 1} of ${all}`);
  byId("facts").textContent = facts.join("  ·  ");
  byId("command").textContent = data.command;
  byId("about").textContent = data.about.trim();
  byId("about-section").hidden = !data.about.trim();
}

function fillViolation() {
  byId("violation-section").hidden = !data.violation;
  if (!data.violation) return;
  byId("property").textContent = data.violation.says;
  byId("sentence").textContent = data.violation.sentence;
  byId("history").textContent = data.violation.history.join("\n");
  byId("evidence").replaceChildren(...evidence.map((at) => recordLine(at, "proof")));
  const outside = data.violation.evidence.length - evidence.length;
  if (outside) byId("evidence").append(make("p", "hint", `${outside} more lie outside of this page's window`));
  fillPast();
}

// The last changes in the causal past of the evidence that are not about messages, disks and timers.
function fillPast() {
  const past = causalPast(evidence);
  const telling = new Set(["role", "vote", "append", "truncate", "commit", "crash", "boot", "wipe", "stop", "fault", "heal"].map((name) => KIND[name]));
  const lines = [];
  for (let at = evidence[evidence.length - 1] ?? -1; at >= 0 && lines.length < 40; at--) {
    if (telling.has(column.kind[at]) && at <= past[column.node[at]] && !evidence.includes(at)) lines.push(at);
  }
  byId("past").replaceChildren(...lines.reverse().map((at) => recordLine(at)));
}

function fillFaults() {
  byId("faults-section").hidden = !data.faults.length;
  byId("faults").replaceChildren(...data.faults.map(([text], place) => {
    const entry = faults.find((fault) => fault.fault === place + 1);
    const item = make("button", "line fault", `${place + 1}. ${text}`);
    item.type = "button";
    item.disabled = !entry;
    if (!entry) item.title = "It did not strike here.";
    else item.addEventListener("click", () => select(entry.record, true));
    return item;
  }));
}

function fillSituations() {
  const counts = new Map();
  for (const list of marksAt.values()) for (const place of list) counts.set(place, (counts.get(place) ?? 0) + 1);
  byId("situations-title").textContent = `Situations: ${counts.size} of ${data.situations.length}`;
  byId("situations").replaceChildren(...firstMarks.map(({ at, situation }) => {
    const [name, means] = data.situations[situation];
    const item = make("button", "line situation", undefined, [make("span", "what", name), make("span", "count", `×${counts.get(situation)}`)]);
    item.type = "button";
    item.title = `${means} First at #${data.first + at}.`;
    item.addEventListener("click", () => select(at, true));
    return item;
  }));
}

// The record at the cursor, in words, as JSON, with the other end of a message and the situations that it reached.
function fillRecord() {
  const at = selection.at;
  byId("record-hint").hidden = at >= 0;
  byId("record").hidden = at < 0;
  if (at < 0) {
    byId("record-title").textContent = "Record";
    return;
  }
  const node = column.node[at];
  const role = column.role[at] === 3 ? "down" : ROLES[column.role[at]];
  byId("record-title").textContent = `Record #${data.first + at}`;
  byId("record-where").textContent = [
    `${timeWords(column.time[at])} s`, `event ${column.event[at]}`, node ? `n${node}, ${role} in term ${column.term[at]}` : "the plan",
    kindName(at),
  ].join("  ·  ");
  byId("record-words").textContent = words(at);
  byId("record-fault").textContent = node ? "" : (data.faults[field(at, "fault") - 1] ?? [""])[0];
  const reached = (marksAt.get(at) ?? []).map((place) => make("li", "", `${data.situations[place][0]}: ${data.situations[place][1]}`));
  byId("record-situations").replaceChildren(...reached);
  byId("record-json").textContent = recordJson(at);
  fillPeer(at);
}

function fillPeer(at) {
  const peer = column.group[at] === MESSAGE ? column.peer[at] : -1;
  byId("peer").hidden = column.group[at] !== MESSAGE;
  if (peer >= 0) {
    const took = Math.abs(column.time[peer] - column.time[at]);
    byId("peer-title").textContent = `The other end, ${timeWords(took)} s ${peer > at ? "later" : "earlier"}`;
    byId("peer-line").replaceChildren(recordLine(peer));
  } else {
    byId("peer-title").textContent = "The other end of the message is not on this page.";
    byId("peer-line").replaceChildren();
  }
}

// Records around the cursor that the filters let through.
function fillAround() {
  const middle = selection.at >= 0 ? selection.at : lowerBound(column.time, view.from);
  const before = [];
  for (let at = middle - 1; at >= 0 && before.length < 8; at--) if (shown[at]) before.push(at);
  const list = before.reverse();
  for (let at = Math.max(0, middle); at < count && list.length < 18; at++) if (shown[at]) list.push(at);
  byId("around").replaceChildren(...list.map((at) => {
    const name = [at === selection.at && "selected", evidence.includes(at) && "proof", !inPast(at) && "outside"];
    return recordLine(at, name.filter(Boolean).join(" "));
  }));
}

// The log of a node as places by index, from its end.
function entriesOf(place, from) {
  const entries = new Map();
  for (; place > 0 && chain.index[place] >= from; place = chain.parent[place]) entries.set(chain.index[place], place);
  return entries;
}

const logView = { shift: 0, wide: 12 };

// The logs at the cursor, as in figure 7 of the paper: a row for each node, a cell for each index, and in it the term.
function fillLogs() {
  const at = selection.at >= 0 ? selection.at : count - 1;
  const states = standingAt(at);
  const nodes = states.slice(1);
  const last = Math.max(...nodes.map((state) => Math.max(chain.index[state.log], chain.index[state.disk])), data.before.base);
  logView.wide = last < 1000 ? 12 : last < 100000 ? 9 : 6;
  logView.shift = Math.max(0, Math.min(logView.shift, last - logView.wide));
  const to = last - logView.shift;
  const from = Math.max(data.before.base + 1, to - logView.wide + 1);
  const logs = nodes.map((state) => ({ log: entriesOf(state.log, from), disk: entriesOf(state.disk, from) }));
  const table = make("table", "logs");
  const head = make("tr", "", undefined, [make("th", "name", "")]);
  for (let index = from; index <= to; index++) head.append(make("th", "", String(index)));
  table.append(head);
  nodes.forEach((state, slot) => table.append(logRow(state, slot, logs, from, to)));
  byId("logs-title").textContent = selection.at >= 0 ? `Logs at #${data.first + at}` : "Logs at the end";
  byId("logs").replaceChildren(last ? table : make("p", "hint", "All logs are empty."));
  byId("older").disabled = from <= data.before.base + 1;
  byId("newer").disabled = logView.shift === 0;
}

function logRow(state, slot, logs, from, to) {
  const role = state.up ? ROLES[state.role] : "down";
  const name = make("th", "name", undefined, [make("b", "", `n${slot + 1}`), make("span", `role ${role}`, `${role} t${state.term}`)]);
  name.title = `${role}${state.paused ? ", paused" : ""}, term ${state.term}, committed to ${state.commit}, applied to ${state.applied}`;
  const row = make("tr", "", undefined, [name]);
  for (let index = from; index <= to; index++) row.append(logCell(state, slot, logs, index));
  return row;
}

function logCell(state, slot, logs, index) {
  const place = logs[slot].log.get(index);
  if (place === undefined) return make("td", "none", "");
  const differs = logs.some(({ log }) => log.has(index) && log.get(index) !== place);
  const durable = logs[slot].disk.get(index) === place;
  const committed = index <= state.commit;
  const covered = index <= state.compacted[0];
  const cell = make("td", [committed ? "committed" : "open", differs && "conflict", !durable && "volatile", covered && "covered"].filter(Boolean).join(" "), String(chain.term[place]));
  cell.style.setProperty("--term", palette.terms[chain.term[place] % palette.terms.length]);
  const notes = [covered && "in the snapshot", committed ? "committed" : "not committed", durable ? "on disk" : "not on disk yet", differs && "differs from another node's log"];
  cell.title = `${index}@${chain.term[place]}: ${entryWords(place)}; ${notes.filter(Boolean).join(", ")}`;
  return cell;
}

function fillPanel() {
  fillRecord();
  fillLogs();
  fillAround();
}

function tellView(inView, hidden) {
  const text = [`${timeWords(Math.max(0, view.from))} to ${timeWords(view.to)} s`, `${inView.toLocaleString("en")} records in view`];
  if (inView > MARKS_MAX) text.push("zoom in to see each");
  if (hidden) text.push(`${hidden.toLocaleString("en")} messages left out`);
  byId("view").textContent = text.join("  ·  ");
}

function fillLegend() {
  const items = [
    ...ROLES.map((name, place) => [name === "down" ? "thin" : "bar", palette.roles[place], name]),
    ...GROUPS.map((name, place) => ["dot", palette.groups[place], name]).filter(([, , name]) => name !== "message" && name !== "fault"),
    ["bar", palette.messages["request-vote"], "vote messages"], ["bar", palette.messages["append-entries"], "entries"], ["bar", palette.heartbeat, "heartbeats"],
    ["bar", palette.messages.forward, "forwards"], ["cross", palette.bad, "lost, or a crash"], ["bar", palette.fault, "faults"],
    ["dot", palette.match, "a situation's first time; a match"],
  ];
  byId("legend").replaceChildren(...items.map(([shape, color, name]) => {
    const mark = make("i", shape, shape === "cross" ? "×" : undefined);
    mark.style[shape === "cross" ? "color" : "background"] = color;
    return make("span", "", undefined, [mark, document.createTextNode(name)]);
  }));
}

// Records in words, as a text trace has them, and as the JSON of a trace.

const SPAN_UNITS = [[3.6e12, "h"], [6e10, "m"], [1e9, "s"], [1e6, "ms"], [1e3, "us"]];

// The largest unit in which a span is whole or has at most three decimals.
function spanWords(nanos) {
  for (const [unit, name] of SPAN_UNITS) {
    const exact = unit >= 6e10 ? nanos % unit === 0 : nanos % (unit / 1000) === 0;
    if (nanos >= unit && exact) {
      const decimals = String(Math.floor((nanos % unit) / Math.max(1, unit / 1000))).padStart(3, "0").replace(/0+$/, "");
      return `${Math.floor(nanos / unit)}${nanos % unit ? "." + decimals : ""}${name}`;
    }
  }
  return `${nanos}ns`;
}

// A set of nodes, as bits.
function nodesOf(bits = 0) {
  return Array.from({ length: 25 }, (_, slot) => slot + 1).filter((node) => (bits >> (node - 1)) & 1);
}

const setWords = (bits) => nodesOf(bits).map((node) => `n${node}`).join(", ");

function timeWords(nanos) {
  const micros = Math.floor(nanos / 1000);
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, "0")}`;
}

// The first word of a request holds its session, too, above the 16 bits of the client.
const requestWords = (client, serial) => `c${client % 65536}.${serial}`;

// What a message says, from its sending or, where that is outside of the window, from its arrival.
function messageOf(at) {
  const send = column.kind[at] === KIND.send ? at : column.peer[at];
  const own = column.kind[at] === KIND.deliver && field(at, 2) === 1;
  if (!own && send < 0) return null;
  const [record, skip] = own ? [at, 3] : [send, 2];
  const value = (place) => field(record, skip + place);
  return {
    message: MESSAGES[value(0)], term: value(1), index: value(2), index_term: value(3), entries: value(4), commit: value(5),
    success: value(6) === 1, request: requestOf(value(7), value(8)),
  };
}

function messageWords(m) {
  if (!m) return "message";
  const request = requestWords(m.request.client, m.request.serial);
  switch (m.message) {
    case "request-vote":
    case "pre-vote": return `${m.message} t${m.term} last=${m.index}@${m.index_term}${m.success ? " by the leader's word" : ""}`;
    case "pre-vote-reply": return `pre-vote-reply t${m.term} ${m.success ? "granted" : "refused"}`;
    case "timeout-now": return `timeout-now t${m.term}`;
    case "vote": return `vote t${m.term} ${m.success ? "granted" : "refused"}`;
    case "append-entries": {
      const what = m.entries ? "append" : "heartbeat";
      const entries = m.entries ? ` entries=${m.entries}` : "";
      return `${what} t${m.term} prev=${m.index}@${m.index_term}${entries} commit=${m.commit}`;
    }
    case "append-reply":
      if (m.success) return `appended t${m.term} match=${m.index}`;
      return `conflict t${m.term} at=${m.index} has=${m.index_term} from=${m.commit}`;
    case "install-snapshot":
      return `install-snapshot t${m.term} last=${m.index}@${m.index_term} at=${m.commit} bytes=${m.entries}${m.success ? " done" : ""}`;
    case "snapshot-reply":
      if (m.success) return `installed t${m.term} last=${m.index}`;
      return `received t${m.term} last=${m.index} bytes=${m.commit}`;
    case "read-round": return `read-round t${m.term} round=${m.index}`;
    case "read-round-reply": return `confirmed t${m.term} round=${m.index}`;
    case "read-index": return `read-index ${request}`;
    case "read-index-reply":
      return m.success ? `read-index ${request} upto=${m.index}` : `read-index ${request} refused`;
    case "forward": return `forward ${request}`;
    default: return `forwarded ${request} ${m.success ? "done" : "refused"}`;
  }
}

const LOSS_WORDS = ["lost", "lost, the link is cut", "lost on a link that was cut meanwhile", "lost, the node is down"];

function dropWords(from, id, why) {
  return LOSSES[why] === "unsent" ? `<x n${from} never sent: the sender went down first` : `<x n${from} #${id} ${LOSS_WORDS[why]}`;
}

const STORES = ["log", "vote", "snapshot"];

function storeWords(what, index) {
  return [`the record of ${index}`, "the record of its term and vote", `its snapshot up to ${index}`][what || 0];
}

// Which store it is, where it is not the log.
const storeOf = (what) => what && { what: STORES[what] };

function crashWords([survived, torn, lost, promised, votes]) {
  let text = "CRASHES";
  if (survived) text += `; w${survived} and all before it survive`;
  if (torn) text += `; ${torn} entries of the next write survive`;
  if (lost) text += `; ${lost} writes are lost`;
  if (promised) text += `, of which the disk had said that it has ${promised}`;
  if (votes === 1) text += "; of its votes, none survives";
  else if (votes) text += `; of its votes, those up to w${votes - 1} survive`;
  return text;
}

function bootWords([life, term, vote, last, applied]) {
  if (life === 1) return "starts";
  return `restarts with term ${term}, ${vote ? "vote for n" + vote : "no vote"}, log to ${last}, applied to ${applied}`;
}

const clockWords = ([before, after]) =>
  after >= before ? `clock set forward by ${spanWords(after - before)}` : `clock set back by ${spanWords(before - after)}`;

function roleWords([role, term]) {
  return ["becomes follower in", "becomes CANDIDATE in", "becomes LEADER of", "", "becomes PRE-CANDIDATE in"][role] + ` term ${term}`;
}

const WORDS = {
  boot: bootWords,
  crash: crashWords,
  wipe: () => "loses its disk",
  stop: () => "stops itself: it cannot trust its disk",
  pause: () => "stands still",
  resume: () => "goes on",
  clock: clockWords,
  term: ([term]) => `enters term ${term}`,
  role: roleWords,
  leader: ([leader], at) => (!leader ? "knows no leader" : leader === column.node[at] ? "leads" : `follows n${leader}`),
  transfer: ([to]) => (to ? `hands over to n${to}` : "hands over no more"),
  "target-priority": ([target]) => `would stand with a priority of ${target}`,
  configure: ([index, term, voters, learners, outgoing]) => {
    const old = outgoing ? " and, of before, " + setWords(outgoing) : "";
    const members = `voters ${setWords(voters)}${old}${learners ? "; learners " + setWords(learners) : ""}`;
    return index ? `goes by ${index}@${term}: ${members}` : `the cluster begins with ${members}`;
  },
  commit: ([index]) => `commits up to ${index}`,
  append: ([write, index, term]) => `appends ${index}@${term} (w${write})`,
  truncate: ([write, from]) => `removes ${from} and all behind (w${write})`,
  vote: ([write, term, vote]) => (vote ? `writes its vote for n${vote} in term ${term} (w${write})` : `writes term ${term} (w${write})`),
  durable: ([write, lie]) => `disk ${lie ? "LIES that it has" : "has"} all up to w${write}`,
  "write-failed": ([write]) => `disk fails from w${write} on`,
  apply: ([index, term, , client, serial, without]) =>
    `applies ${index}@${term}${client || serial ? " for " + requestWords(client, serial) : ""}${without ? ", without effect" : ""}`,
  send: ([to, id], at) => `-> n${to} #${id} ${messageWords(messageOf(at))}`,
  deliver: ([from, id], at) => `<- n${from} #${id} ${messageWords(messageOf(at))}`,
  drop: ([from, id, why]) => dropWords(from, id, why),
  duplicate: ([from, id]) => `<< n${from} #${id} will arrive twice`,
  timer: ([late, timer]) => `timer ${timer ? timer + " " : ""}fires${late ? `, ${spanWords(late)} late` : ""}`,
  invoke: ([client, serial, command, attempt]) =>
    `is asked by ${requestWords(client, serial)}: ${data.commands[command][0]}${attempt > 1 ? ", try " + attempt : ""}`,
  request: ([client, serial]) => `receives request ${requestWords(client, serial)}`,
  reply: ([client, serial, applied]) => `${applied ? "answers" : "refuses"} ${requestWords(client, serial)}`,
  answered: ([client, serial, applied, output]) =>
    `${requestWords(client, serial)} hears: ${output ? data.commands[output - 1][0] : applied ? "done" : "try elsewhere"}`,
  "timed-out": ([client, serial]) => `${requestWords(client, serial)} heard nothing in time`,
  "gave-up": ([client, serial]) => `${requestWords(client, serial)} is given up`,
  fault: ([fault]) => `--- fault ${fault} strikes`,
  missed: ([fault]) => `--- fault ${fault} finds nobody`,
  heal: ([fault]) => `--- fault ${fault} ends`,
  recovery: ([check]) => (check ? `--- check ${check}: is all well?` : "is well from now on: faults are over"),
  broken: ([why]) => data.commands[why || 0][0],
  snapshot: ([index, term, , , received]) => `writes ${received ? "the received" : "a"} snapshot up to ${index}@${term}`,
  "snapshot-saved": ([index, term]) => `disk has the snapshot up to ${index}@${term}`,
  compact: ([write, upto]) => `removes ${upto} and all before (w${write})`,
  discard: ([write, index, term]) => `gives its log up for the snapshot up to ${index}@${term} (w${write})`,
  corrupt: ([index, , what]) => `disk: ${storeWords(what, index)} rots`,
  refuse: ([index, what]) => (index || what
    ? `REFUSES TO START: ${storeWords(what, index)} is corrupt`
    : "REFUSES TO START: its disk was emptied"),
  restore: ([index, term]) => `restores its state machine from the snapshot up to ${index}@${term}`,
};

const fieldsOf = (at) => Array.from({ length: 9 }, (_, place) => field(at, place));
const words = (at) => WORDS[data.kinds[column.kind[at]]](fieldsOf(at), at);

function entryWords(place) {
  const [, request, command] = data.contents[chain.content[place]] ?? ["", "", ""];
  return [request, command].filter(Boolean).join(": ") || "an entry that no client asked for";
}

const orNull = (number) => number || null;
// A fingerprint that comes in two halves.
const wholeOf = (high, low) => "#" + ((BigInt(high) << 32n) | BigInt(low));
const requestOf = (client, serial) => ({
  client: client % 65536, serial, ...(client >= 65536 && { session: Math.floor(client / 65536) }),
});

// The fields of each kind, as docs/trace.md has them.
const JSON_FIELDS = {
  boot: (f) => ({ life: f[0], term: f[1], vote: orNull(f[2]), last_index: f[3], applied: f[4] }),
  crash: (f) => ({
    survived: f[0], torn: f[1], lost: f[2],
    ...(f[4] && { votes: f[4] - 1 }), ...(f[3] && { promised: f[3] }),
  }),
  clock: (f) => ({ before: f[0], after: f[1] }),
  term: (f) => ({ term: f[0] }),
  role: (f) => ({ role: ROLES[f[0]], term: f[1] }),
  leader: (f) => ({ leader: orNull(f[0]) }),
  transfer: (f) => ({ to: orNull(f[0]) }),
  "target-priority": (f) => ({ target: f[0] }),
  configure: (f) => ({
    index: f[0], term: f[1],
    configuration: {
      voters: nodesOf(f[2]), learners: nodesOf(f[3]),
      ...(f[4] ? { outgoing: nodesOf(f[4]) } : {}), ...(f[5] ? { auto_leave: true } : {}),
    },
  }),
  commit: (f) => ({ index: f[0], term: f[1] }),
  append: (f) => ({ write: f[0], index: f[1], term: f[2], content: "#" + data.contents[f[3]][0] }),
  truncate: (f) => ({ write: f[0], from: f[1] }),
  vote: (f) => ({ write: f[0], term: f[1], vote: orNull(f[2]) }),
  durable: (f) => ({ write: f[0], ...(f[1] && { lie: true }) }),
  "write-failed": (f) => ({ write: f[0] }),
  apply: (f) => ({
    index: f[0], term: f[1], content: "#" + data.contents[f[2]][0], request: requestOf(f[3], f[4]),
    ...(f[5] && { effect: false }),
  }),
  send: (f, at) => ({ to: f[0], id: f[1], message: messageOf(at) }),
  deliver: (f, at) => ({ from: f[0], id: f[1], message: messageOf(at) }),
  drop: (f) => ({ from: f[0], id: f[1], why: LOSSES[f[2]] }),
  duplicate: (f) => ({ from: f[0], id: f[1] }),
  timer: (f) => ({ ...(f[1] && { timer: f[1] }), late: f[0] }),
  invoke: (f) => ({ request: requestOf(f[0], f[1]), command: JSON.parse(data.commands[f[2]][1]), attempt: f[3] }),
  request: (f) => ({ request: requestOf(f[0], f[1]) }),
  reply: (f) => ({ request: requestOf(f[0], f[1]), applied: f[2] === 1 }),
  answered: (f) => ({
    request: requestOf(f[0], f[1]), applied: f[2] === 1, ...(f[3] && { output: JSON.parse(data.commands[f[3] - 1][1]) }),
  }),
  "timed-out": (f) => ({ request: requestOf(f[0], f[1]) }),
  "gave-up": (f) => ({ request: requestOf(f[0], f[1]) }),
  fault: (f) => ({ fault: f[0] }),
  missed: (f) => ({ fault: f[0] }),
  heal: (f) => ({ fault: f[0] }),
  recovery: (f) => ({ check: f[0] }),
  broken: (f) => ({ why: JSON.parse(data.commands[f[0] || 0][1]) }),
  snapshot: (f) => ({ index: f[0], term: f[1], state: wholeOf(f[2], f[3]), received: f[4] === 1 }),
  "snapshot-saved": (f) => ({ index: f[0], term: f[1] }),
  compact: (f) => ({ write: f[0], upto: f[1] }),
  discard: (f) => ({ write: f[0], index: f[1], term: f[2] }),
  corrupt: (f) => ({ ...storeOf(f[2]), index: f[0], drops: f[1] === 1 }),
  refuse: (f) => ({ ...storeOf(f[1]), index: f[0] }),
  restore: (f) => ({ index: f[0], term: f[1], state: wholeOf(f[2], f[3]) }),
};

// A fingerprint has more digits than a number of JavaScript holds, so it goes in as text and loses its quotes at the end.
function recordJson(at) {
  const kind = data.kinds[column.kind[at]];
  const head = { number: data.first + at, event: column.event[at], time: column.time[at] };
  if (column.node[at]) head.node = column.node[at];
  const more = JSON_FIELDS[kind] ? JSON_FIELDS[kind](fieldsOf(at), at) : {};
  return JSON.stringify({ ...head, kind, ...more }, null, 1).replace(/"#(\d+)"/g, "$1");
}

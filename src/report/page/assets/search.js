// Search: words that a record must hold, and `key:value` pairs that it must match, all of them.

const search = { matches: [], text: "" };

const number = (value) => Number(value.replace(/^[nwct#]/i, ""));

function indexMatches(at, index) {
  switch (data.kinds[column.kind[at]]) {
    case "append": return field(at, 1) === index;
    case "apply": case "commit": return field(at, 0) === index;
    case "truncate": return field(at, 1) === index;
    case "boot": return field(at, 3) === index;
    case "send": case "deliver": {
      const message = messageOf(at);
      if (!message) return false;
      const last = message.index + message.entries;
      return message.message === "append-entries" && message.entries ? message.index < index && index <= last : message.index === index;
    }
    default: return false;
  }
}

const isMessage = (at) => column.group[at] === 3;

function kindMatches(at, value) {
  if (data.kinds[column.kind[at]] === value) return true;
  const message = isMessage(at) ? messageOf(at) : null;
  if (!message) return false;
  return message.message === value || (value === "heartbeat" && message.message === "append-entries" && !message.entries);
}

function termOf(at) {
  const kind = data.kinds[column.kind[at]];
  if (kind === "append" || kind === "apply") return field(at, kind === "append" ? 2 : 1);
  const message = isMessage(at) ? messageOf(at) : null;
  return message ? message.term : column.term[at];
}

const ends = (at) => {
  const sends = column.kind[at] === KIND.send;
  return { from: sends ? column.node[at] : field(at, 0), to: sends ? field(at, 0) : column.node[at] };
};

const KEYS = {
  node: (at, value) => column.node[at] === number(value),
  term: (at, value) => termOf(at) === number(value),
  index: (at, value) => indexMatches(at, number(value)),
  kind: (at, value) => kindMatches(at, value),
  group: (at, value) => GROUPS[column.group[at]] === value,
  role: (at, value) => column.role[at] === ROLES.indexOf(value),
  event: (at, value) => data.first + at === number(value),
  message: (at, value) => isMessage(at) && field(at, 1) === number(value),
  from: (at, value) => isMessage(at) && ends(at).from === number(value),
  to: (at, value) => isMessage(at) && ends(at).to === number(value),
  fault: (at, value) => !column.node[at] && field(at, 0) === number(value),
  client: (at, value) => words(at).includes(`c${value.replace(/^c/, "")}`),
  situation: (at, value) => (marksAt.get(at) ?? []).some((place) => data.situations[place][0].startsWith(value)),
};

// A search as a list of tests. A key that is not known makes it an error.
function parse(text) {
  return text.trim().toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    const [, key, value] = word.match(/^([a-z]+):(.*)$/) ?? [];
    if (key === undefined) return (at) => `n${column.node[at]} ${data.kinds[column.kind[at]]} ${words(at)}`.toLowerCase().includes(word);
    if (!KEYS[key]) throw new Error(`unknown key ${key}: use ${Object.keys(KEYS).join(", ")}`);
    return value ? (at) => KEYS[key](at, value) : () => true;
  });
}

// Finds all records that match; gives what is wrong with the search, if anything.
function find(text) {
  search.text = text;
  search.matches = [];
  if (!text.trim()) return "";
  try {
    const tests = parse(text);
    for (let at = 0; at < count; at++) if (shown[at] && tests.every((test) => test(at))) search.matches.push(at);
  } catch (error) {
    return error.message;
  }
  return "";
}

// The match behind or before a record, around the ends.
function nextMatch(at, step) {
  const { matches } = search;
  if (!matches.length) return -1;
  const place = lowerBound(matches, step > 0 ? at + 1 : at);
  return matches[(place + (step > 0 ? 0 : -1) + matches.length) % matches.length];
}

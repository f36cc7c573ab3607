// Search: words that a record must hold, and `key:value` pairs that it must match, all of them.

const search = { matches: [], text: "" };

const number = (value) => Number(value.replace(/^[nwct#]/i, ""));

// The fields in which a record, or its message, says at which index something is.
const INDEXES = ["index", "last_index", "upto", "prev_index", "match_index", "rejected", "conflict_index"];

function indexMatches(at, index) {
  if (said(at, "entries")) return said(at, "prev_index") < index && index <= said(at, "prev_index") + said(at, "entries");
  if (kindName(at) === "truncate") return field(at, "from") === index;
  return INDEXES.some((name) => field(at, name) === index || said(at, name) === index);
}

const isMessage = (at) => column.group[at] === MESSAGE;

function kindMatches(at, value) {
  return kindName(at) === value || said(at, "message") === value || said(at, "name") === value ||
    (value === "heartbeat" && said(at, "message") === "append-entries" && !said(at, "entries"));
}

const termOf = (at) => field(at, "term") ?? said(at, "term") ?? column.term[at];

const ends = (at) => {
  const sends = column.kind[at] === KIND.send;
  return { from: sends ? column.node[at] : field(at, "from"), to: sends ? field(at, "to") : column.node[at] };
};

const KEYS = {
  node: (at, value) => column.node[at] === number(value),
  term: (at, value) => termOf(at) === number(value),
  index: (at, value) => indexMatches(at, number(value)),
  kind: (at, value) => kindMatches(at, value),
  group: (at, value) => GROUPS[column.group[at]] === value,
  role: (at, value) => column.role[at] === ROLES.indexOf(value),
  event: (at, value) => data.first + at === number(value),
  message: (at, value) => isMessage(at) && field(at, "id") === number(value),
  from: (at, value) => isMessage(at) && ends(at).from === number(value),
  to: (at, value) => isMessage(at) && ends(at).to === number(value),
  fault: (at, value) => field(at, "fault") === number(value),
  client: (at, value) => words(at).includes(`c${value.replace(/^c/, "")}`),
  situation: (at, value) => (marksAt.get(at) ?? []).some((place) => data.situations[place][0].startsWith(value)),
};

// A search as a list of tests. A key that is not known makes it an error.
function parse(text) {
  return text.trim().toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    const [, key, value] = word.match(/^([a-z]+):(.*)$/) ?? [];
    if (key === undefined) return (at) => `n${column.node[at]} ${kindName(at)} ${words(at)}`.toLowerCase().includes(word);
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

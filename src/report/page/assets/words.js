// Records in words, as a text trace has them, and as the JSON of a trace: both come with the shapes of records.

function timeWords(nanos) {
  const micros = Math.floor(nanos / 1000);
  return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, "0")}`;
}

const words = (at) => shapeOf(at).words.map((part) => (typeof part === "number" ? numberAt(at, part) : part)).join("");

function entryWords(place) {
  const known = data.contents[chain.content[place]] ?? [];
  return known.filter(Boolean).join(": ") || "an entry that no client asked for";
}

// What a number of JavaScript does not hold exactly goes in as text, and loses its quotes at the end.
function recordJson(at) {
  const number = (place) => {
    const value = numberAt(at, place);
    return typeof value === "string" ? `"#${value}"` : value;
  };
  const own = shapeOf(at).json.map((part) => (typeof part === "number" ? number(part) : part)).join("");
  const head = { number: data.first + at, event: column.event[at], time: column.time[at] };
  if (column.node[at]) head.node = column.node[at];
  return JSON.stringify({ ...head, ...JSON.parse(own) }, null, 1).replace(/"#(\d+)"/g, "$1");
}

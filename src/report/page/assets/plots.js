// Draws how the run went, below the diagram and in its time: how long answers took, how many came, how many tries failed, and how far
// members were behind.

const plots = document.getElementById("plots");
const PLOTS_HEIGHT = data.plots.slices.some(([begun]) => begun) ? 138 : 0;
const ROWS = { latency: { top: 4, height: 48 }, answers: { top: 58, height: 42 }, lag: { top: 106, height: 28 } };
const SLICE = ["begun", "answered", "failed", "p50", "p99", "max", "leaderless", "entries", "lag"];
const slices = data.plots.slices.map((values, place) => {
  const slice = Object.fromEntries(SLICE.map((name, at) => [name, values.flat(2)[at]]));
  return { ...slice, from: place * data.plots.width, to: (place + 1) * data.plots.width };
});

// Latencies lie decades apart: a height stands for the logarithm.
const latencies = slices.flatMap(({ p50, max }) => (max === null ? [] : [p50, max])).map((nanos) => Math.log10(Math.max(nanos, 1)));
const scale = { low: Math.min(...latencies, 9) - 0.1, high: Math.max(...latencies, 3) + 0.1 };
const answersMost = Math.max(1, ...slices.map(({ answered, failed }) => Math.max(answered, failed)));

const lagMost = Math.max(1, ...slices.map(({ entries }) => entries));

const latencyY = (nanos) => {
  const share = (Math.log10(Math.max(nanos, 1)) - scale.low) / (scale.high - scale.low);
  return ROWS.latency.top + ROWS.latency.height * (1 - share);
};

function drawPlots() {
  if (!PLOTS_HEIGHT) return;
  const context = plots.getContext("2d");
  context.clearRect(0, 0, layout.width, PLOTS_HEIGHT);
  context.font = FONT;
  context.textBaseline = "middle";
  const room = layout.width - layout.left - layout.right;
  for (const { top, height } of Object.values(ROWS)) {
    context.fillStyle = palette.lane;
    context.fillRect(layout.left, top, room, height);
  }
  context.save();
  context.beginPath();
  context.rect(layout.left, 0, room, PLOTS_HEIGHT);
  context.clip();
  slices.filter(({ from, to }) => to >= view.from && from <= view.to).forEach((slice) => drawSlice(context, slice));
  context.restore();
  context.fillStyle = palette.soft;
  context.fillText("latency", 6, ROWS.latency.top + 24);
  context.fillText("answers", 6, ROWS.answers.top + 14);
  context.fillText("failures", 6, ROWS.answers.top + 28);
  context.fillText("lag", 6, ROWS.lag.top + 14);
}

function drawSlice(context, slice) {
  const [left, right] = [xOf(slice.from), xOf(slice.to)];
  const wide = Math.max(1, right - left - (right - left > 6 ? 1 : 0));
  const { top, height } = ROWS.answers;
  if (slice.leaderless) {
    context.globalAlpha = 0.12 + (0.2 * slice.leaderless) / data.plots.width;
    context.fillStyle = palette.bad;
    context.fillRect(left, 0, right - left, PLOTS_HEIGHT);
    context.globalAlpha = 1;
  }
  const middle = top + height * 0.6;
  context.fillStyle = palette.roles[2];
  const tall = (count, of) => (count ? Math.max(1, (count / answersMost) * of) : 0);
  context.fillRect(left, middle, wide, -tall(slice.answered, height * 0.6));
  context.fillStyle = palette.bad;
  context.fillRect(left, middle, wide, tall(slice.failed, height * 0.4));
  drawLag(context, slice, left, wide);
  if (slice.max === null) return;
  context.fillStyle = palette.roles[0];
  context.globalAlpha = 0.45;
  context.fillRect(left, latencyY(slice.max), wide, Math.max(1, latencyY(slice.p50) - latencyY(slice.max)));
  context.globalAlpha = 1;
  context.fillStyle = palette.select;
  context.fillRect(left, latencyY(slice.p50) - 1, wide, 2);
  context.fillStyle = palette.fault;
  context.fillRect(left, latencyY(slice.p99) - 1, wide, 2);
}

// Entries lie decades apart, too: one is what a follower always lacks for a moment, thousands are what it lacks behind a partition.
function drawLag(context, { entries }, left, wide) {
  if (!entries) return;
  const { top, height } = ROWS.lag;
  const tall = Math.max(1, (height * Math.log2(entries + 1)) / Math.log2(lagMost + 1));
  context.fillStyle = palette.match;
  context.globalAlpha = 0.6;
  context.fillRect(left, top + height - tall, wide, tall);
  context.globalAlpha = 1;
}

// What a slice says in words, for the pointer above it.
function sliceWords(time) {
  const slice = slices.find(({ from, to }) => time >= from && time < to);
  if (!slice) return "";
  const inSeconds = (nanos) => `${(nanos / 1e9).toPrecision(3)} s`;
  const parts = [`${inSeconds(slice.from)} to ${inSeconds(slice.to)}: ${slice.begun} begun, ${slice.answered} answered, ${slice.failed} tries failed`];
  if (slice.max !== null) parts.push(`half within ${inSeconds(slice.p50)}, 99 % within ${inSeconds(slice.p99)}, all within ${inSeconds(slice.max)}`);
  if (slice.entries) parts.push(`a member was up to ${slice.entries} entries and ${inSeconds(slice.lag)} behind`);
  if (slice.leaderless) parts.push(`nobody led for ${inSeconds(slice.leaderless)}`);
  return parts.join("; ");
}

plots.addEventListener("pointermove", (event) => { plots.title = sliceWords(timeOf(event.offsetX)); });

function fillMetrics() {
  plots.parentElement.hidden = !PLOTS_HEIGHT;
  byId("metrics").replaceChildren(...data.metrics.map(([name, line]) => make("p", "metric", undefined, [make("b", "", name), make("span", "", line)])));
}

// Draws which share of the run's futures fails if chance is another one from an event on, below the diagram and in its time.

const turning = data.turning;
const turningCanvas = document.getElementById("turning");
const TURNING_HEIGHT = turning ? 74 : 0;
const TURNING_ROW = { top: 9, height: 56 };

const shareWords = ({ event, time, failed }) => `event ${event}, at ${timeWords(time)} s: ${failed} of ${turning.futures} fail`;
const shareY = (failed) => TURNING_ROW.top + TURNING_ROW.height * (1 - failed / turning.futures);

// The first record of an event or behind it, or -1 if the page does not show it.
function recordOfEvent(event) {
  const at = lowerBound(column.event, event);
  return at < count && event > data.origin[0] ? at : -1;
}

function drawTurning() {
  if (!turning) return;
  const context = turningCanvas.getContext("2d");
  context.clearRect(0, 0, layout.width, TURNING_HEIGHT);
  context.font = FONT;
  context.textBaseline = "middle";
  const { top, height } = TURNING_ROW;
  const room = layout.width - layout.left - layout.right;
  context.fillStyle = palette.lane;
  context.fillRect(layout.left, top, room, height);
  context.fillStyle = palette.line;
  for (const share of [0, 0.5, 1]) context.fillRect(layout.left, Math.round(top + height * share), room, 1);
  context.save();
  context.beginPath();
  context.rect(layout.left, 0, room, TURNING_HEIGHT);
  context.clip();
  drawShares(context, top + height);
  if (turning.turn) drawTurn(context);
  context.restore();
  context.fillStyle = palette.soft;
  context.fillText("100 %", 6, top + 1);
  context.fillText("futures", 6, top + height / 2 - 6);
  context.fillText("that fail", 6, top + height / 2 + 7);
  context.fillText("0 %", 6, top + height - 1);
}

function drawShares(context, bottom) {
  const places = turning.points.map(({ time, failed }) => [xOf(time), shareY(failed)]);
  context.beginPath();
  places.forEach(([x, y]) => context.lineTo(x, y));
  context.strokeStyle = palette.bad;
  context.lineWidth = 1.5;
  context.stroke();
  context.lineTo(places[places.length - 1][0], bottom);
  context.lineTo(places[0][0], bottom);
  context.globalAlpha = 0.15;
  context.fillStyle = palette.bad;
  context.fill();
  context.globalAlpha = 1;
  for (const [x, y] of places) {
    context.beginPath();
    context.arc(x, y, 2.5, 0, 2 * Math.PI);
    context.fill();
  }
}

// The turn is a band, or a line where it is one event. Its name stands beside it, on the side that has room.
function drawTurn(context) {
  const [before, after] = turning.turn;
  const [left, right] = [xOf(before.time), xOf(after.time)];
  context.fillStyle = palette.select;
  context.globalAlpha = 0.3;
  context.fillRect(left, 0, right - left, TURNING_HEIGHT);
  context.globalAlpha = 1;
  context.fillRect(left - 1, 0, 2, TURNING_HEIGHT);
  const name = `turning point: ${before.failed} to ${after.failed} of ${turning.futures}`;
  const wide = context.measureText(name).width + 6;
  const x = left - wide > layout.left ? left - wide : right + 6;
  const y = TURNING_ROW.top + 12;
  context.fillStyle = palette.lane;
  context.fillRect(x - 3, y - 8, wide, 16);
  context.fillStyle = palette.select;
  context.fillText(name, x, y);
}

// What stands at the pointer in words: the place at which the run was branched that is nearest to it.
turningCanvas.addEventListener("pointermove", (event) => {
  const far = ({ time, failed }) => Math.hypot(xOf(time) - event.offsetX, (shareY(failed) - event.offsetY) / 4);
  turningCanvas.title = shareWords(turning.points.reduce((best, point) => (far(point) < far(best) ? point : best)));
});

function showTurn() {
  if (!turning?.turn) return;
  const at = recordOfEvent(turning.turn[0].event);
  if (at >= 0) select(at, true);
}

function fillTurning() {
  turningCanvas.parentElement.hidden = !turning;
  byId("turning-section").hidden = !turning;
  byId("go-turning").hidden = !turning?.turn || recordOfEvent(turning.turn[0].event) < 0;
  if (!turning) return;
  turningCanvas.setAttribute("aria-label", `Share of futures that fail, by the event from which on chance is another one: ${turning.says}`);
  byId("turning-says").textContent = turning.says;
  byId("turning-points").replaceChildren(...turning.points.map((point) => {
    const item = make("button", "line fault", shareWords(point));
    const at = recordOfEvent(point.event);
    item.type = "button";
    item.disabled = at < 0;
    item.addEventListener("click", () => select(at, true));
    return item;
  }));
}

"use strict";
// Lanes of blocks: each row from its onset to its offset, in the look of its label.

const BLOCK = 24;
const THIN = 16;

/** In pixels. @param {string} key of the lane */
function blockHeight(key) {
  return key === "alone" || key === "model" ? THIN : BLOCK;
}

/** @param {Lanes} lanes @param {Lane} lane */
function blocks(lanes, lane) {
  const high = blockHeight(lane.key);
  const places = lanes.places[lane.key] ?? [];
  (lanes.rows[lane.key] ?? []).forEach((row, n) => {
    const [from, to] = [lanes.x(row.onset), lanes.x(row.offset)];
    if (to < 0 || from > lanes.width) return;
    const x = Math.max(-8, from) + 0.5;
    const wide = Math.max(3, Math.min(lanes.width + 8, to) - x - 1);
    const y = lane.top + (places[n] ?? 0) * (high + 2);
    if (wide < 7) sliver(lanes, row, x, y, wide, high, lane.key);
    else block(lanes, row, x, y, wide, high, lane.key);
  });
}

/** @param {Lanes} lanes @param {Row} row @param {number} x @param {number} y @param {number} wide @param {number} high @param {string} key */
function sliver(lanes, row, x, y, wide, high, key) {
  const { pen } = lanes;
  pen.fillStyle = mixed(row.look.hue, lanes.ink("card"), key === "found" ? 0.8 : 0.45);
  pen.fillRect(x - 0.5, y, wide, high);
  if (row !== lanes.current) return;
  pen.strokeStyle = lanes.ink("ink");
  pen.lineWidth = 2;
  pen.strokeRect(x, y, wide, high);
}

/** @param {Lanes} lanes @param {Row} row @param {number} x @param {number} y @param {number} wide @param {number} high @param {string} key */
function block(lanes, row, x, y, wide, high, key) {
  const { pen } = lanes;
  const { hue, texture } = row.look;
  const outline = new Path2D();
  outline.roundRect(x, y, wide, high, 4);
  pen.save();
  pen.fillStyle = mixed(hue, lanes.ink("card"), lanes.tint * (key === "found" ? 1 : 0.45));
  pen.fill(outline);
  pen.clip(outline);
  if (key === "alone") {
    pen.fillStyle = lanes.ink(row.kind.startsWith("seen") ? "seen" : "heard");
    pen.fillRect(x, y, 4, high);
  } else {
    pen.fillStyle = hue;
    pen.fillRect(x, y + high - 5, wide, 5);
    foot(lanes, texture, x, y + high - 5, wide);
  }
  if (wide > 28) named(lanes, row.label, x, y + (high === THIN ? (key === "alone" ? high / 2 + 0.5 : 6.5) : 10), wide);
  pen.restore();
  pen.setLineDash(key === "truth" ? [4, 3] : []);
  const isCurrent = row === lanes.current;
  pen.strokeStyle = isCurrent ? lanes.ink("ink") : mixed(hue, lanes.ink("ink"), 0.5);
  pen.lineWidth = isCurrent ? 2 : 1;
  pen.stroke(outline);
  pen.setLineDash([]);
}

/** In the foot of a block, so that colour is never alone. @param {Lanes} lanes @param {number} kind @param {number} x @param {number} y @param {number} wide */
function foot(lanes, kind, x, y, wide) {
  const { pen } = lanes;
  const from = Math.max(x, -8);
  pen.strokeStyle = pen.fillStyle = "rgba(0,0,0,.62)";
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (let at = from; kind && at < from + wide; at += 6) {
    if (kind === 1) pen.moveTo(at - 4, y + 5), pen.lineTo(at + 1, y);
    if (kind === 2) pen.moveTo(at + 4.4, y + 2.5), pen.arc(at + 3, y + 2.5, 1.4, 0, 7);
    if (kind === 3) pen.moveTo(at + 2, y), pen.lineTo(at + 2, y + 5);
  }
  if (kind === 2) pen.fill();
  else pen.stroke();
}

/** As much of a label as fits. @param {Lanes} lanes @param {string} label @param {number} x @param {number} y @param {number} wide */
function named(lanes, label, x, y, wide) {
  const { pen } = lanes;
  const at = Math.max(x, 0) + 7;
  const room = Math.min(x + wide, lanes.width) - at - 5;
  pen.fillStyle = lanes.ink("ink");
  pen.font = "12px system-ui,sans-serif";
  pen.textBaseline = "middle";
  let shown = label;
  if (pen.measureText(shown).width > room) {
    while (shown && pen.measureText(shown + "…").width > room) shown = shown.slice(0, -1);
    shown = shown.length > 2 ? shown + "…" : "";
  }
  pen.fillText(shown, at, y);
}

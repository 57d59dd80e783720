"use strict";
// Lanes that go through a whole film: pictures, sound, and how clearly there is something.

/** @param {Lanes} lanes @param {Lane} lane */
function pictures(lanes, lane) {
  const { pen, film, width } = lanes;
  const p = lanes.data.pictures;
  if (!film || !p) return;
  const wide = (lane.height * p.width) / p.height;
  pen.save();
  pen.beginPath();
  pen.roundRect(0, lane.top, width, lane.height, 4);
  pen.clip();
  for (let x = 0; x < width; x += wide + 1) {
    const n = Math.min(p.num - 1, Math.max(0, Math.floor(lanes.at(x + wide / 2) / p.step)));
    const [column, row] = [n % p.columns, Math.floor(n / p.columns)];
    pen.drawImage(film, column * p.width, row * p.height, p.width, p.height,
      x, lane.top, wide, lane.height);
  }
  pen.restore();
}

/** The largest of what lies under each pixel. @param {Lanes} lanes @param {Uint8Array} values @param {number} per seconds of each @param {(x: number, most: number) => void} take */
function columns(lanes, values, per, take) {
  for (let x = 0; x < lanes.width; x++) {
    let i = Math.floor(lanes.at(x) / per + 1e-9);
    const end = Math.min(values.length, Math.max(i + 1, Math.floor(lanes.at(x + 1) / per)));
    let most = -1;
    for (i = Math.max(0, i); i < end; i++) most = Math.max(most, values[i] ?? 0);
    if (most >= 0) take(x, most / 255);
  }
}

/** @param {Lanes} lanes @param {Lane} lane */
function wave(lanes, lane) {
  const path = new Path2D();
  columns(lanes, lanes.peaks, lanes.data.duration / lanes.peaks.length, (x, most) => {
    const high = Math.max(1, most * lane.height);
    path.rect(x, lane.top + (lane.height - high) / 2, 1, high);
  });
  lanes.pen.fillStyle = lanes.ink("wave");
  lanes.pen.fill(path);
}

/** @param {Lanes} lanes @param {Lane} lane */
function mel(lanes, lane) {
  const { pen, view, spectrum } = lanes;
  const m = lanes.data.mel;
  if (!m || !spectrum) return;
  const per = lanes.data.duration / m.num;
  const [first, last] = [view.from / per, Math.min(m.num, view.to / per)];
  pen.imageSmoothingEnabled = true;
  for (let row = Math.floor(first / m.columns); row * m.columns < last; row++) {
    const from = Math.max(first, row * m.columns);
    const to = Math.min(last, (row + 1) * m.columns);
    if (to - from < 0.01) continue;
    const [x0, x1] = [lanes.x(from * per), lanes.x(to * per)];
    pen.drawImage(spectrum, from - row * m.columns, row * m.bands, to - from, m.bands,
      x0, lane.top, x1 - x0, lane.height);
  }
}

/** Grey becomes a ramp of colours, other ones in either theme. @param {Lanes} lanes */
function tintSpectrum(lanes) {
  if (!lanes.loudness) return;
  const ramp = [lanes.ink("well"), ...(isDark() ? ["#4a2a7a", "#c2457a", "#ffd08a"]
    : ["#a9bfe8", "#6a3fb5", "#2a0a3d"])].map(channels);
  const { width, height, data } = lanes.loudness;
  const out = new ImageData(width, height);
  for (let i = 0; i < data.length; i += 4) {
    const level = ((data[i] ?? 0) / 255) * 3;
    const n = Math.min(2, Math.floor(level));
    for (let c = 0; c < 3; c++) {
      const [low, high] = [ramp[n]?.[c] ?? 0, ramp[n + 1]?.[c] ?? 0];
      out.data[i + c] = low + (high - low) * (level - n);
    }
    out.data[i + 3] = 255;
  }
  lanes.spectrum = document.createElement("canvas");
  [lanes.spectrum.width, lanes.spectrum.height] = [width, height];
  lanes.spectrum.getContext("2d")?.putImageData(out, 0, 0);
}

/** How clearly, second by second; below the threshold paler. @param {Lanes} lanes @param {Lane} lane */
function curve(lanes, lane) {
  const { pen } = lanes;
  const values = lanes.tracks[lane.key]?.values ?? new Uint8Array();
  const limit = lane.key === "both" ? lanes.data.threshold : null;
  const bottom = lane.top + lane.height;
  pen.globalAlpha = 0.55;
  pen.fillStyle = lanes.ink("well");
  pen.fillRect(0, lane.top, lanes.width, lane.height);
  const [area, edge] = [[new Path2D(), new Path2D()], [new Path2D(), new Path2D()]];
  let before = -1;
  columns(lanes, values, 1, (x, most) => {
    const high = Math.max(1, most * lane.height);
    const low = limit !== null && most <= limit ? 1 : 0;
    area[low]?.rect(x, bottom - high, 1, high);
    const down = before < 0 ? 2 : Math.max(2, Math.abs(before - high));
    edge[low]?.rect(x, bottom - Math.max(high, before), 1, down);
    before = high;
  });
  pen.fillStyle = lanes.ink(lane.key);
  for (const [path, alpha] of /** @type {[Path2D | undefined, number][]} */ (
    [[area[0], 0.3], [area[1], 0.14], [edge[0], 1], [edge[1], 0.6]])) {
    pen.globalAlpha = alpha;
    if (path) pen.fill(path);
  }
  if (limit !== null) dashed(lanes, lane.top + lane.height * (1 - limit));
  pen.globalAlpha = 1;
}

/** @param {Lanes} lanes @param {number} y */
function dashed(lanes, y) {
  const { pen } = lanes;
  pen.globalAlpha = 0.6;
  pen.strokeStyle = lanes.ink("ink");
  pen.lineWidth = 1;
  pen.setLineDash([3, 4]);
  pen.beginPath();
  pen.moveTo(0, Math.round(y) + 0.5);
  pen.lineTo(lanes.width, Math.round(y) + 0.5);
  pen.stroke();
  pen.setLineDash([]);
}

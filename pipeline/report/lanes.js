"use strict";
// The lanes over one axis of seconds, drawn on a canvas when the view changes.

/**
 * @typedef {{key: string, name: string, top: number, height: number}} Lane
 * @typedef {{from: number, to: number}} View
 */

const GAP = 5;
const BLOCK = 24;
const THIN = 16;
const MOST_ROWS = 3;
const INKS = ["card", "ink", "soft", "rule", "well", "seen", "heard", "both", "wave"];

class Lanes {
  /** @param {HTMLCanvasElement} canvas @param {Data} data @param {Look[]} looks */
  constructor(canvas, data, looks) {
    this.canvas = canvas;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.data = data;
    this.width = 0;
    /** @type {View} */
    this.view = { from: 0, to: data.duration };
    /** @type {Record<string, string>} */
    this.inks = {};
    this.tint = 0.26;
    /** @type {Record<string, Track | null>} */
    this.tracks = { heard: track(data.heard), seen: track(data.seen), both: track(data.both) };
    this.peaks = bytes(data.peaks);
    /** @type {Record<string, Row[]>} */
    this.rows = {};
    for (const key of /** @type {const} */ (["found", "alone", "truth"])) {
      this.rows[key] = rowsOf(data[key], data.labels, looks);
    }
    /** @type {Record<string, number[]>} */
    this.places = {};
    for (const [key, rows] of Object.entries(this.rows)) this.places[key] = stacked(rows, key === "alone" ? 2 : MOST_ROWS);
    /** @type {HTMLImageElement | null} */
    this.film = null;
    /** @type {HTMLCanvasElement | null} */
    this.spectrum = null;
    /** @type {ImageData | null} */
    this.loudness = null;
    /** @type {Row | null} */
    this.current = null;
    this.lanes = this.layOut();
    this.height = Math.max(...this.lanes.map((lane) => lane.top + lane.height));
  }

  /** @returns {Lane[]} */
  layOut() {
    const { data, rows } = this;
    const deep = (/** @type {string} */ key) => 1 + Math.max(0, ...(this.places[key] ?? []));
    /** @type {[string, string, number, unknown][]} */
    const all = [
      ["axis", "", 16, true],
      ["film", "picture", 40, data.pictures],
      ["wave", "sound", 26, this.peaks.length],
      ["mel", "pitch", 36, data.mel],
      ["heard", "heard", 24, data.heard],
      ["seen", "seen", 24, data.seen],
      ["both", data.heard ? "both" : "event", 36, data.both],
      ["found", "events", deep("found") * (BLOCK + 2) - 2, true],
      ["alone", "one sense", deep("alone") * (THIN + 2) - 2, rows["alone"]?.length],
      ["truth", "truth", deep("truth") * (BLOCK + 2) - 2, data.truth],
    ];
    let top = 0;
    return all.filter((each) => each[3]).map(([key, name, height]) => {
      const lane = { key, name, top, height };
      top += height + GAP;
      return lane;
    });
  }

  /** Seconds at a place. @param {number} x in pixels */
  at(x) {
    return this.view.from + ((this.view.to - this.view.from) * x) / this.width;
  }

  /** The place of a time, in pixels. @param {number} seconds */
  x(seconds) {
    return ((seconds - this.view.from) / (this.view.to - this.view.from)) * this.width;
  }

  /** Take the page's colours. */
  theme() {
    const style = getComputedStyle(document.documentElement);
    for (const ink of INKS) this.inks[ink] = style.getPropertyValue("--" + ink).trim();
    this.tint = parseFloat(style.getPropertyValue("--tint")) / 100;
    this.tintSpectrum();
  }

  /** @param {string} name @returns {string} */
  ink(name) {
    return this.inks[name] ?? "#888";
  }

  /** Fit the canvas to its place. @param {number} width in pixels of the page */
  resize(width) {
    const ratio = window.devicePixelRatio || 1;
    this.width = width;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.style.height = this.height + "px";
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  draw() {
    if (!this.width) return;
    this.pen.clearRect(0, 0, this.width, this.height);
    this.axis();
    for (const lane of this.lanes) {
      if (lane.key === "film") this.pictures(lane);
      else if (lane.key === "wave") this.wave(lane);
      else if (lane.key === "mel") this.mel(lane);
      else if (this.tracks[lane.key]) this.curve(lane);
      else if (this.rows[lane.key]) this.blocks(lane);
    }
  }

  axis() {
    const { pen, view, width } = this;
    const step = ruler(view.to - view.from, width);
    pen.font = "11px system-ui,sans-serif";
    pen.textBaseline = "middle";
    for (let n = Math.ceil(view.from / step - 1e-6); n * step <= view.to + 1e-6; n++) {
      const x = Math.round(this.x(n * step)) + 0.5;
      pen.fillStyle = this.ink("rule");
      pen.fillRect(x - 0.5, 14, 1, this.height);
      pen.fillStyle = this.ink("soft");
      pen.textAlign = x < 14 ? "left" : x > width - 18 ? "right" : "center";
      pen.fillText(clock(n * step, step < 1 ? 1 : 0), x, 7);
    }
    pen.textAlign = "left";
  }

  /** @param {Lane} lane */
  pictures(lane) {
    const { pen, film, width } = this;
    const p = this.data.pictures;
    if (!film || !p) return;
    const wide = (lane.height * p.width) / p.height;
    pen.save();
    pen.beginPath();
    pen.roundRect(0, lane.top, width, lane.height, 4);
    pen.clip();
    for (let x = 0; x < width; x += wide + 1) {
      const n = Math.min(p.num - 1, Math.max(0, Math.floor(this.at(x + wide / 2) / p.step)));
      const [column, row] = [n % p.columns, Math.floor(n / p.columns)];
      pen.drawImage(film, column * p.width, row * p.height, p.width, p.height,
        x, lane.top, wide, lane.height);
    }
    pen.restore();
  }

  /** The largest of what lies under each pixel. @param {Uint8Array} values @param {number} per seconds of each @param {(x: number, most: number) => void} take */
  columns(values, per, take) {
    for (let x = 0; x < this.width; x++) {
      let i = Math.floor(this.at(x) / per + 1e-9);
      const end = Math.min(values.length, Math.max(i + 1, Math.floor(this.at(x + 1) / per)));
      let most = -1;
      for (i = Math.max(0, i); i < end; i++) most = Math.max(most, values[i] ?? 0);
      if (most >= 0) take(x, most / 255);
    }
  }

  /** @param {Lane} lane */
  wave(lane) {
    const path = new Path2D();
    this.columns(this.peaks, this.data.duration / this.peaks.length, (x, most) => {
      const high = Math.max(1, most * lane.height);
      path.rect(x, lane.top + (lane.height - high) / 2, 1, high);
    });
    this.pen.fillStyle = this.ink("wave");
    this.pen.fill(path);
  }

  /** @param {Lane} lane */
  mel(lane) {
    const { pen, view, spectrum } = this;
    const m = this.data.mel;
    if (!m || !spectrum) return;
    const per = this.data.duration / m.num;
    const [first, last] = [view.from / per, Math.min(m.num, view.to / per)];
    pen.imageSmoothingEnabled = true;
    for (let row = Math.floor(first / m.columns); row * m.columns < last; row++) {
      const from = Math.max(first, row * m.columns);
      const to = Math.min(last, (row + 1) * m.columns);
      if (to - from < 0.01) continue;
      const [x0, x1] = [this.x(from * per), this.x(to * per)];
      pen.drawImage(spectrum, from - row * m.columns, row * m.bands, to - from, m.bands,
        x0, lane.top, x1 - x0, lane.height);
    }
  }

  /** Grey becomes a ramp of colours, other ones in either theme. */
  tintSpectrum() {
    if (!this.loudness) return;
    const ramp = [this.ink("well"), ...(isDark() ? ["#4a2a7a", "#c2457a", "#ffd08a"]
      : ["#a9bfe8", "#6a3fb5", "#2a0a3d"])].map(channels);
    const { width, height, data } = this.loudness;
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
    this.spectrum = document.createElement("canvas");
    [this.spectrum.width, this.spectrum.height] = [width, height];
    this.spectrum.getContext("2d")?.putImageData(out, 0, 0);
  }

  /** How clearly, second by second; below the threshold paler. @param {Lane} lane */
  curve(lane) {
    const { pen } = this;
    const values = this.tracks[lane.key]?.values ?? new Uint8Array();
    const limit = lane.key === "both" ? this.data.threshold : null;
    const bottom = lane.top + lane.height;
    pen.globalAlpha = 0.55;
    pen.fillStyle = this.ink("well");
    pen.fillRect(0, lane.top, this.width, lane.height);
    const [area, edge] = [[new Path2D(), new Path2D()], [new Path2D(), new Path2D()]];
    let before = -1;
    this.columns(values, 1, (x, most) => {
      const high = Math.max(1, most * lane.height);
      const low = limit !== null && most <= limit ? 1 : 0;
      area[low]?.rect(x, bottom - high, 1, high);
      const down = before < 0 ? 2 : Math.max(2, Math.abs(before - high));
      edge[low]?.rect(x, bottom - Math.max(high, before), 1, down);
      before = high;
    });
    pen.fillStyle = this.ink(lane.key);
    for (const [path, alpha] of /** @type {[Path2D | undefined, number][]} */ (
      [[area[0], 0.3], [area[1], 0.14], [edge[0], 1], [edge[1], 0.6]])) {
      pen.globalAlpha = alpha;
      if (path) pen.fill(path);
    }
    if (limit !== null) this.dashed(lane.top + lane.height * (1 - limit));
    pen.globalAlpha = 1;
  }

  /** @param {number} y */
  dashed(y) {
    const { pen } = this;
    pen.globalAlpha = 0.6;
    pen.strokeStyle = this.ink("ink");
    pen.lineWidth = 1;
    pen.setLineDash([3, 4]);
    pen.beginPath();
    pen.moveTo(0, Math.round(y) + 0.5);
    pen.lineTo(this.width, Math.round(y) + 0.5);
    pen.stroke();
    pen.setLineDash([]);
  }

  /** @param {Lane} lane */
  blocks(lane) {
    const high = lane.key === "alone" ? THIN : BLOCK;
    const places = this.places[lane.key] ?? [];
    (this.rows[lane.key] ?? []).forEach((row, n) => {
      const [from, to] = [this.x(row.onset), this.x(row.offset)];
      if (to < 0 || from > this.width) return;
      const x = Math.max(-8, from) + 0.5;
      const wide = Math.max(3, Math.min(this.width + 8, to) - x - 1);
      const y = lane.top + (places[n] ?? 0) * (high + 2);
      if (wide < 7) this.sliver(row, x, y, wide, high, lane.key);
      else this.block(row, x, y, wide, high, lane.key);
    });
  }

  /** @param {Row} row @param {number} x @param {number} y @param {number} wide @param {number} high @param {string} key */
  sliver(row, x, y, wide, high, key) {
    const { pen } = this;
    pen.fillStyle = mixed(row.look.hue, this.ink("card"), key === "found" ? 0.8 : 0.45);
    pen.fillRect(x - 0.5, y, wide, high);
    if (row !== this.current) return;
    pen.strokeStyle = this.ink("ink");
    pen.lineWidth = 2;
    pen.strokeRect(x, y, wide, high);
  }

  /** @param {Row} row @param {number} x @param {number} y @param {number} wide @param {number} high @param {string} key */
  block(row, x, y, wide, high, key) {
    const { pen } = this;
    const { hue, texture } = row.look;
    const outline = new Path2D();
    outline.roundRect(x, y, wide, high, 4);
    pen.save();
    pen.fillStyle = mixed(hue, this.ink("card"), this.tint * (key === "found" ? 1 : 0.45));
    pen.fill(outline);
    pen.clip(outline);
    if (key === "alone") {
      pen.fillStyle = this.ink(row.kind.startsWith("seen") ? "seen" : "heard");
      pen.fillRect(x, y, 4, high);
    } else {
      pen.fillStyle = hue;
      pen.fillRect(x, y + high - 5, wide, 5);
      this.texture(texture, x, y + high - 5, wide);
    }
    if (wide > 28) this.name(row.label, x, y + (key === "alone" ? high / 2 + 0.5 : 10), wide);
    pen.restore();
    pen.setLineDash(key === "truth" ? [4, 3] : []);
    const isCurrent = row === this.current;
    pen.strokeStyle = isCurrent ? this.ink("ink") : mixed(hue, this.ink("ink"), 0.5);
    pen.lineWidth = isCurrent ? 2 : 1;
    pen.stroke(outline);
    pen.setLineDash([]);
  }

  /** In the foot of a block, so that colour is never alone. @param {number} kind @param {number} x @param {number} y @param {number} wide */
  texture(kind, x, y, wide) {
    const { pen } = this;
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

  /** As much of a label as fits. @param {string} label @param {number} x @param {number} y @param {number} wide */
  name(label, x, y, wide) {
    const { pen } = this;
    const at = Math.max(x, 0) + 7;
    const room = Math.min(x + wide, this.width) - at - 5;
    pen.fillStyle = this.ink("ink");
    pen.font = "12px system-ui,sans-serif";
    pen.textBaseline = "middle";
    let shown = label;
    if (pen.measureText(shown).width > room) {
      while (shown && pen.measureText(shown + "…").width > room) shown = shown.slice(0, -1);
      shown = shown.length > 2 ? shown + "…" : "";
    }
    pen.fillText(shown, at, y);
  }

  /** The block at a place, and the lane. @param {number} x @param {number} y @returns {Row | null} */
  hit(x, y) {
    const time = this.at(x);
    const slack = (3 * (this.view.to - this.view.from)) / this.width;
    const lane = this.lanes.find((each) => y >= each.top && y < each.top + each.height);
    const places = lane && this.places[lane.key];
    if (!lane || !places) return null;
    const row = Math.floor((y - lane.top) / ((lane.key === "alone" ? THIN : BLOCK) + 2));
    const here = (this.rows[lane.key] ?? []).filter((_, n) => places[n] === row);
    return here.find((each) => time >= each.onset && time < each.offset)
      ?? here.find((each) => time >= each.onset - slack && time < each.offset + slack) ?? null;
  }
}

"use strict";
// The lanes over one axis of seconds, drawn on a canvas when the view changes.

/**
 * @typedef {{key: string, name: string, top: number, height: number}} Lane
 * @typedef {{from: number, to: number}} View
 */

const GAP = 5;
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
    /** @type {Record<string, number[]>} */
    this.places = {};
    for (const key of /** @type {const} */ (["found", "alone", "truth"])) {
      this.put(key, rowsOf(data[key], data.labels, looks));
    }
    /** @type {HTMLImageElement | null} */
    this.film = null;
    /** @type {HTMLCanvasElement | null} */
    this.spectrum = null;
    /** @type {ImageData | null} */
    this.loudness = null;
    /** @type {Row | null} */
    this.current = null;
    this.lanes = this.layOut();
  }

  /** The rows of a lane, instead of what it had. @param {string} key @param {Row[]} rows in time order */
  put(key, rows) {
    this.rows[key] = rows;
    this.places[key] = stacked(rows, blockHeight(key) === THIN ? 2 : MOST_ROWS);
  }

  /** In pixels. */
  get height() {
    return Math.max(...this.lanes.map((lane) => lane.top + lane.height));
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
      ["model", "found", deep("model") * (THIN + 2) - 2, rows["model"]?.length],
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
    tintSpectrum(this);
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
      if (lane.key === "film") pictures(this, lane);
      else if (lane.key === "wave") wave(this, lane);
      else if (lane.key === "mel") mel(this, lane);
      else if (this.tracks[lane.key]) curve(this, lane);
      else if (this.rows[lane.key]) blocks(this, lane);
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

  /** The block at a place, and the lane. @param {number} x @param {number} y @returns {Row | null} */
  hit(x, y) {
    const time = this.at(x);
    const slack = (3 * (this.view.to - this.view.from)) / this.width;
    const lane = this.lanes.find((each) => y >= each.top && y < each.top + each.height);
    const places = lane && this.places[lane.key];
    if (!lane || !places) return null;
    const row = Math.floor((y - lane.top) / (blockHeight(lane.key) + 2));
    const here = (this.rows[lane.key] ?? []).filter((_, n) => places[n] === row);
    return here.find((each) => time >= each.onset && time < each.offset)
      ?? here.find((each) => time >= each.onset - slack && time < each.offset + slack) ?? null;
  }
}

"use strict";
// The pointer over the lanes: seek, pan, zoom, and what lies under it; and the whole film below.

/** Names beside the lanes. @param {HTMLElement} holder @param {Lane[]} all */
function names(holder, all) {
  holder.replaceChildren(...all.filter((lane) => lane.name).map((lane) => {
    const name = document.createElement("span");
    name.textContent = lane.name;
    name.style.top = lane.top + lane.height / 2 + "px";
    return name;
  }));
}

/** What lies at a place, in words. @param {number} x @param {number} y */
function lying(x, y) {
  const row = lanes.hit(x, y);
  if (row) {
    const why = [row.kind, row.why].filter(Boolean).join(": ");
    return `${row.label} · ${clock(row.onset)} – ${clock(row.offset)}${why ? " · " + why : ""}`;
  }
  const time = lanes.at(x);
  const said = ["heard", "seen", "both"].flatMap((key) => {
    const found = lanes.tracks[key];
    if (!found) return [];
    const at = Math.min(found.values.length - 1, Math.floor(time));
    const value = (found.values[at] ?? 0) / 255;
    const label = data.labels[found.labels[at] ?? 0] ?? "";
    const name = key === "both" && !data.heard ? "event" : key;
    return [`${name} ${value.toFixed(2)}${value > 0.2 ? " " + label : ""}`];
  });
  return [clock(time), ...said].join(" · ");
}

/** @param {HTMLElement} axis */
function point(axis) {
  /** @type {{x: number, from: number, to: number, panned: boolean} | null} */
  let drag = null;
  const tip = el("tip");
  const at = (/** @type {MouseEvent} */ event) => {
    const box = axis.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  axis.onpointerdown = (event) => {
    if (event.button) return;
    drag = { x: event.clientX, ...lanes.view, panned: false };
    if (event.pointerType !== "touch") axis.setPointerCapture(event.pointerId);
  };
  axis.onpointermove = (event) => {
    const { x, y } = at(event);
    const isZoomed = lanes.view.to - lanes.view.from < data.duration - 1e-6;
    if (drag && isZoomed && Math.abs(event.clientX - drag.x) > 4) {
      drag.panned = true;
      const by = ((event.clientX - drag.x) / lanes.width) * (drag.to - drag.from);
      show(drag.from - by, drag.to - by);
    }
    if (event.pointerType === "touch") return;
    tip.hidden = false;
    tip.textContent = lying(x, y);
    tip.style.top = Math.max(0, y - 34) + "px";
    tip.style.left = Math.max(0, Math.min(lanes.width - tip.offsetWidth, x - tip.offsetWidth / 2)) + "px";
  };
  axis.onpointerleave = axis.onpointercancel = () => {
    tip.hidden = true;
    drag = null;
  };
  axis.onpointerup = (event) => {
    const was = drag;
    drag = null;
    if (!was || was.panned) return;
    const { x, y } = at(event);
    const row = lanes.hit(x, y);
    if (row) choose(row);
    else seek(lanes.at(x));
  };
  axis.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) zoom(Math.exp(event.deltaY * 0.002), lanes.at(at(event).x));
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      const { from, to } = lanes.view;
      const by = ((event.deltaX || event.deltaY) / lanes.width) * (to - from);
      show(from + by, to + by);
    } else return;
    event.preventDefault();
  }, { passive: false });
}

/** The whole film on one line, with the part that the lanes show. */
class Mini {
  /** @param {HTMLCanvasElement} canvas @param {Lanes} lanes */
  constructor(canvas, lanes) {
    this.canvas = canvas;
    this.lanes = lanes;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.still = document.createElement("canvas");
    this.key = "";
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.go(event);
    };
    canvas.onpointermove = (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) this.go(event);
    };
  }

  /** @param {PointerEvent} event */
  go(event) {
    const { view, data, width } = this.lanes;
    const time = ((event.clientX - this.canvas.getBoundingClientRect().left) / width) * data.duration;
    const wide = view.to - view.from;
    if (wide >= data.duration - 1e-6) seek(time);
    else show(time - wide / 2, time + wide / 2);
  }

  /** @param {number} width in pixels of the page */
  resize(width) {
    const ratio = window.devicePixelRatio || 1;
    for (const each of [this.canvas, this.still]) {
      each.width = Math.round(width * ratio);
      each.height = Math.round(28 * ratio);
      each.getContext("2d")?.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.canvas.style.height = "28px";
    this.key = "";
  }

  draw() {
    const { pen, lanes } = this;
    const { view, width, data } = lanes;
    if (!width) return;
    const key = `${width} ${lanes.ink("card")}`;
    if (this.key !== key) this.whole();
    this.key = key;
    pen.clearRect(0, 0, width, 28);
    pen.drawImage(this.still, 0, 0, width, 28);
    if (view.from <= 0 && view.to >= data.duration) return;
    const [x0, x1] = [(view.from / data.duration) * width, (view.to / data.duration) * width];
    pen.fillStyle = lanes.ink("card");
    pen.globalAlpha = 0.68;
    pen.fillRect(0, 0, x0, 28);
    pen.fillRect(x1, 0, width, 28);
    pen.globalAlpha = 1;
    pen.strokeStyle = lanes.ink("ink");
    pen.lineWidth = 2;
    pen.strokeRect(x0 + 1, 1, Math.max(4, x1 - x0) - 2, 26);
  }

  /** What does not change with the view. */
  whole() {
    const { lanes } = this;
    const { data, width } = lanes;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.still.getContext("2d"));
    pen.fillStyle = lanes.ink("well");
    pen.fillRect(0, 0, width, 28);
    const values = lanes.tracks["both"]?.values ?? new Uint8Array();
    pen.fillStyle = lanes.ink("both");
    pen.globalAlpha = 0.45;
    for (let x = 0; x < width && values.length; x++) {
      const from = Math.min(values.length - 1, Math.floor((x / width) * data.duration));
      const to = Math.max(from + 1, Math.floor(((x + 1) / width) * data.duration));
      const high = (Math.max(...values.subarray(from, to)) / 255) * 18;
      pen.fillRect(x, 20 - high, 1, high);
    }
    pen.globalAlpha = 1;
    for (const row of lanes.rows["found"] ?? []) {
      pen.fillStyle = row.look.hue;
      const wide = Math.max(1, ((row.offset - row.onset) / data.duration) * width);
      pen.fillRect((row.onset / data.duration) * width, 22, wide, 6);
    }
  }
}

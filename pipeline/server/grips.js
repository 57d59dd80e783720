"use strict";
// Hands on the lane of events: an end is dragged, an event is drawn where there is none.

/** How near an end counts, in pixels, by what points. @type {Record<string, number>} */
const REACH = { mouse: 6, pen: 10, touch: 14 };

/** The end of an event near a place, or none. @param {number} x @param {number} y @param {number} reach in pixels @returns {{row: Row, side: Side} | null} */
function endNear(x, y, reach) {
  const lane = laneOfEvents();
  if (!isIn(lane, y)) return null;
  const at = Math.floor((y - lane.top) / (BLOCK + 2));
  const places = lanes.places["found"] ?? [];
  let least = Infinity;
  /** @type {{row: Row, side: Side} | null} */
  let best = null;
  (lanes.rows["found"] ?? []).forEach((row, n) => {
    const [from, to] = [lanes.x(row.onset), lanes.x(row.offset)];
    if (places[n] !== at || to < x - reach || from > x + reach) return;
    for (const side of /** @type {Side[]} */ (["onset", "offset"])) {
      const far = Math.abs(lanes.x(row[side]) - x);
      const isInside = x >= from && x <= to;
      if (far > (isInside ? Math.min(reach, (to - from) / 4) : reach)) continue;
      if (far + (isInside ? 0 : 0.5) >= least) continue;
      least = far + (isInside ? 0 : 0.5);
      best = { row, side };
    }
  });
  return best;
}

/** @returns {Lane} */
function laneOfEvents() {
  return lanes.lanes.find((lane) => lane.key === "found") ?? { key: "found", name: "", top: 0, height: 0 };
}

/** @param {Lane} lane @param {number} y */
function isIn(lane, y) {
  return y >= lane.top && y < lane.top + lane.height;
}

/** The modifier by which a time is taken as it is. @param {MouseEvent | KeyboardEvent} event */
function isExact(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}

/**
 * What the hands do, to be done by the editor.
 * @typedef {{
 *   begin: (row: Row) => string,
 *   drag: (id: string, side: Side, seconds: number, exact: boolean) => void,
 *   drop: (id: string, side: Side | null) => void,
 *   draw: (from: number, to: number) => string,
 *   cancel: () => void}} Hands
 */

class Grips {
  /** @param {HTMLElement} axis @param {Hands} hands */
  constructor(axis, hands) {
    this.axis = axis;
    this.hands = hands;
    /** @type {{id: string, side: Side | null, x: number, from: number, shift: number} | null} */
    this.held = null;
    const holder = /** @type {HTMLElement} */ (axis.parentElement);
    const on = (/** @type {"pointerdown" | "pointermove" | "pointerup" | "pointercancel"} */ kind, /** @type {(event: PointerEvent) => void} */ act) =>
      holder.addEventListener(kind, act, { capture: true });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.moved(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event));
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.held) return;
      this.held = null;
      hands.cancel();
    });
  }

  /** @param {PointerEvent} event */
  place(event) {
    const box = this.axis.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button || !this.axis.contains(/** @type {Node} */ (event.target))) return;
    const { x, y } = this.place(event);
    const near = endNear(x, y, REACH[event.pointerType] ?? 6);
    if (near) this.hold(event, this.hands.begin(near.row), near.side);
    else if (isIn(laneOfEvents(), y) && !lanes.hit(x, y)) {
      this.held = { id: "", side: null, x, from: lanes.at(x), shift: 0 };
      this.catch(event);
    }
  }

  /** Begin to drag an end. @param {PointerEvent} event @param {string} id @param {Side} side */
  hold(event, id, side) {
    const { x } = this.place(event);
    const row = (lanes.rows["found"] ?? []).find((each) => idOf(each) === id);
    const shift = row ? lanes.x(row[side]) - x : 0;
    this.held = { id, side, x, from: lanes.at(x), shift };
    this.catch(event);
  }

  /** @param {PointerEvent} event */
  catch(event) {
    event.stopPropagation();
    event.preventDefault();
    this.axis.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const { x, y } = this.place(event);
    const { held } = this;
    if (!held) {
      const near = event.pointerType !== "touch" && this.axis.contains(/** @type {Node} */ (event.target)) ? endNear(x, y, 6) : null;
      this.axis.style.cursor = near ? "ew-resize" : isIn(laneOfEvents(), y) && !lanes.hit(x, y) ? "crosshair" : "";
      return;
    }
    event.stopPropagation();
    if (!held.id && Math.abs(x - held.x) > 6) {
      held.id = this.hands.draw(Math.min(held.from, lanes.at(x)), Math.max(held.from, lanes.at(x)));
      held.side = x < held.x ? "onset" : "offset";
    }
    if (held.id && held.side && Math.abs(x - held.x) > 1) {
      this.hands.drag(held.id, held.side, lanes.at(x + held.shift), isExact(event));
    }
  }

  /** @param {PointerEvent} event */
  up(event) {
    const { held } = this;
    if (!held) return;
    this.held = null;
    event.stopPropagation();
    if (held.id) this.hands.drop(held.id, held.side);
    else if (event.type === "pointerup") seek(held.from);
  }
}

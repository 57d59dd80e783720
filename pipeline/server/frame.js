"use strict";
// Around the chosen event: a frame, and two handles for fingers, keys and screen readers.

class Frame {
  /**
   * @param {(event: PointerEvent, side: Side) => void} held
   * @param {(side: Side, by: number, event: KeyboardEvent) => void} nudged by seconds
   */
  constructor(held, nudged) {
    this.box = el("frame");
    /** @type {Row | null} */
    this.row = null;
    for (const side of /** @type {Side[]} */ (["onset", "offset"])) {
      const handle = el(side);
      handle.onpointerdown = (event) => {
        if (event.button) return;
        handle.focus({ preventScroll: true });
        held(event, side);
      };
      handle.onkeydown = (event) => {
        const way = /Right|Up/.test(event.key) ? 1 : /Left|Down/.test(event.key) ? -1 : 0;
        if (!way || !event.key.startsWith("Arrow")) return;
        event.preventDefault();
        event.stopPropagation();
        nudged(side, way * (isExact(event) ? 0.01 : event.shiftKey ? 1 : SNAP), event);
      };
    }
  }

  /** @param {Row | null} row */
  put(row) {
    this.row = row;
    this.draw();
  }

  /** Where the lanes show it now. */
  draw() {
    const { row } = this;
    const lane = laneOfEvents();
    const n = row ? (lanes.rows["found"] ?? []).indexOf(row) : -1;
    const [from, to] = row ? [lanes.x(row.onset), lanes.x(row.offset)] : [0, 0];
    const isSeen = row !== null && n >= 0 && to >= 0 && from <= lanes.width;
    this.box.hidden = !isSeen;
    for (const [side, x] of /** @type {[Side, number][]} */ ([["onset", from], ["offset", to]])) {
      const handle = el(side);
      handle.hidden = !isSeen || x < -1 || x > lanes.width + 1;
      if (!row) continue;
      handle.style.transform = `translateX(${x}px)`;
      handle.style.top = lane.top + ((lanes.places["found"] ?? [])[n] ?? 0) * (BLOCK + 2) + "px";
      handle.setAttribute("aria-label", `${side === "onset" ? "Begin" : "End"} of ${row.label}`);
      handle.setAttribute("aria-valuemin", "0");
      handle.setAttribute("aria-valuemax", data.duration.toFixed(2));
      handle.setAttribute("aria-valuenow", row[side].toFixed(2));
      handle.setAttribute("aria-valuetext", clock(row[side], Number.isInteger(tidy(row[side] * 10)) ? 1 : 2));
    }
    if (!isSeen) return;
    const [left, right] = [Math.max(-4, from), Math.min(lanes.width + 4, to)];
    this.box.style.transform = `translateX(${left}px)`;
    this.box.style.width = Math.max(3, right - left) + "px";
    this.box.style.top = el("onset").style.top;
  }
}

"use strict";
// The chosen event in numbers and words.

/**
 * @typedef {{
 *   relabel: (label: string) => void,
 *   edge: (side: Side, seconds: number, exact: boolean) => void,
 *   remove: () => void}} Wishes
 */

/** A time for a field, with as many digits as it has. @param {number} seconds */
function written(seconds) {
  const digits = [1, 2, 3].find((n) => Math.abs(seconds * 10 ** n - Math.round(seconds * 10 ** n)) < 1e-6) ?? 3;
  return clock(seconds, digits);
}

class Form {
  /** @param {() => string[]} known labels @param {Wishes} wishes */
  constructor(known, wishes) {
    this.wishes = wishes;
    /** @type {Row | null} */
    this.row = null;
    this.label = new Combobox(/** @type {HTMLInputElement} */ (el("label")), el("known"), known, wishes.relabel);
    el("remove").onclick = wishes.remove;
    for (const side of /** @type {Side[]} */ (["onset", "offset"])) this.side(side);
  }

  /** @param {Side} side */
  side(side) {
    const input = this.input(side);
    input.onfocus = () => input.select();
    input.onchange = () => this.typed(side);
    input.onkeydown = (event) => {
      const way = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
      if (way) {
        event.preventDefault();
        this.nudge(side, way * (event.shiftKey ? 1 : SNAP));
      } else if (event.key === "Enter") {
        event.preventDefault();
        this.typed(side);
      }
    };
    el(`${side}Less`).onclick = () => this.nudge(side, -SNAP);
    el(`${side}More`).onclick = () => this.nudge(side, SNAP);
    el(`${side}Here`).onclick = () => this.wishes.edge(side, player.time, false);
  }

  /** @param {Side} side */
  input(side) {
    return /** @type {HTMLInputElement} */ (el(`${side}At`));
  }

  /** @param {Side} side @param {number} by seconds */
  nudge(side, by) {
    if (this.row) this.wishes.edge(side, this.row[side] + by, true);
  }

  /** @param {Side} side */
  typed(side) {
    const input = this.input(side);
    const seconds = parsedTime(input.value);
    const isTime = seconds !== null && seconds <= data.duration + 0.001;
    input.setAttribute("aria-invalid", String(!isTime));
    el("wrong").textContent = isTime ? "" : `"${input.value}" is no time of this film; write it as 0:02.5, at most ${written(data.duration)}.`;
    if (isTime && seconds !== null) this.wishes.edge(side, seconds, true);
  }

  /** @param {Row | null} row */
  put(row) {
    const isOther = row?.label !== this.row?.label || row === null;
    this.row = row;
    el("form").hidden = !row;
    el("hint").hidden = row !== null;
    el("wrong").textContent = "";
    if (!row) return;
    if (isOther || !this.label.isOpen) this.label.put(row.label);
    el("swatch").replaceChildren(swatch(row.look));
    for (const side of /** @type {Side[]} */ (["onset", "offset"])) {
      this.input(side).value = written(row[side]);
      this.input(side).setAttribute("aria-invalid", "false");
    }
  }
}

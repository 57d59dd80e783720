"use strict";
// The list beside the player: what was found, what one sense names alone, every sound.

const AT_ONCE = 120;

class List {
  /**
   * @param {Record<string, Row[]>} rows by the name of their tab
   * @param {(row: Row) => void} chosen
   */
  constructor(rows, chosen) {
    this.rows = rows;
    this.chosen = chosen;
    this.tab = "found";
    /** @type {Row[]} */
    this.shown = [];
    /** @type {Map<Row, HTMLButtonElement>} */
    this.buttons = new Map();
    /** Items that were made, shown or not. @type {WeakMap<Row, HTMLElement>} */
    this.items = new WeakMap();
    /** @type {HTMLButtonElement | null} */
    this.lit = null;
    this.holder = el("rows");
    this.query = /** @type {HTMLInputElement} */ (el("query"));
    this.least = /** @type {HTMLSelectElement} */ (el("least"));
    this.end = document.createElement("li");
    this.end.setAttribute("aria-hidden", "true");
    this.end.className = "end";
    new IntersectionObserver((seen) => {
      if (seen[0]?.isIntersecting) this.more(0);
    }, { rootMargin: "600px" }).observe(this.end);
    this.query.oninput = this.least.onchange = () => this.fill();
    for (const button of this.tabs()) {
      button.onclick = () => {
        this.tab = button.dataset["tab"] ?? "found";
        this.fill();
      };
    }
    this.fill();
  }

  /** @returns {HTMLButtonElement[]} */
  tabs() {
    return [.../** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-tab]"))];
  }

  /** The rows anew, up to one at least. @param {number} [upto] */
  fill(upto = 0) {
    for (const each of this.tabs()) each.setAttribute("aria-pressed", String(each.dataset["tab"] === this.tab));
    const all = this.rows[this.tab] ?? [];
    const wanted = this.query.value.trim().toLowerCase();
    const least = Number(this.least.value);
    this.shown = all.filter((row) => (!wanted || row.label.toLowerCase().includes(wanted))
      && (row.score ?? 1) >= least);
    el("count").textContent = this.shown.length === all.length ? "" : `${this.shown.length} of ${all.length} shown`;
    this.lit?.removeAttribute("aria-current");
    this.lit = null;
    this.buttons = new Map();
    if (this.shown.length) {
      settle(this.holder, [...this.some(Math.max(upto + 1, AT_ONCE)), this.end]);
      return;
    }
    const none = document.createElement("li");
    none.className = "none";
    none.textContent = all.length ? "Nothing matches." : el("rows").dataset[this.tab] ?? "Nothing.";
    this.holder.replaceChildren(none);
  }

  /** Some more rows, up to one at least. @param {number} upto */
  more(upto) {
    const have = this.buttons.size;
    if (have < this.shown.length) this.end.before(...this.some(Math.max(upto + 1, have + AT_ONCE)));
  }

  /** Items of the next rows, up to a number of all. @param {number} until */
  some(until) {
    return this.shown.slice(this.buttons.size, until).map((row) => {
      const item = this.items.get(row) ?? document.createElement("li");
      if (!item.firstChild) item.append(this.button(row));
      this.items.set(row, item);
      this.buttons.set(row, /** @type {HTMLButtonElement} */ (item.firstChild));
      return item;
    });
  }

  /** @param {Row} row */
  button(row) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "e";
    const what = document.createElement("span");
    const spans = [["l", row.label], ["t", `${clock(row.onset)} – ${clock(row.offset)} · ${(row.offset - row.onset).toFixed(1)} s`]];
    if (row.kind) spans.push(["k", row.kind]);
    if (row.why) spans.push(["w", row.why]);
    for (const [name, text] of spans) {
      const span = document.createElement("span");
      span.className = name ?? "";
      span.textContent = text ?? "";
      what.append(span);
    }
    button.append(swatch(row.look), what);
    if (row.score !== null) button.append(this.score(row.score));
    button.onclick = () => this.chosen(row);
    return button;
  }

  /** @param {number} score */
  score(score) {
    const shown = document.createElement("span");
    shown.className = "s";
    const word = document.createElement("span");
    word.className = "vh";
    word.textContent = "score ";
    const bar = document.createElement("i");
    bar.style.setProperty("--p", score * 100 + "%");
    shown.append(word, score.toFixed(2), bar);
    return shown;
  }

  /** Show which row is now. @param {Row | null} row @param {boolean} calm whether nothing may glide */
  mark(row, calm) {
    this.lit?.removeAttribute("aria-current");
    const at = row ? this.shown.indexOf(row) : -1;
    if (row && at >= 0 && !this.buttons.has(row)) this.more(at);
    this.lit = (row && this.buttons.get(row)) || null;
    if (!this.lit) return;
    this.lit.setAttribute("aria-current", "true");
    const { holder } = this;
    if (holder.scrollHeight <= holder.clientHeight) return;
    const [own, all] = [this.lit.getBoundingClientRect(), holder.getBoundingClientRect()];
    if (own.top >= all.top && own.bottom <= all.bottom) return;
    const far = Math.abs(own.top - all.top) > 2 * holder.clientHeight;
    const top = holder.scrollTop + own.top - all.top - holder.clientHeight / 3;
    holder.scrollTo({ top, behavior: calm || far ? "auto" : "smooth" });
  }
}

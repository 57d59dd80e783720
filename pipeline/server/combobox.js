"use strict";
// A field for a label: those that are known are offered, any other may be written.

const MOST_OFFERED = 8;

class Combobox {
  /**
   * @param {HTMLInputElement} input @param {HTMLElement} list @param {() => string[]} known
   * @param {(label: string) => void} took
   */
  constructor(input, list, known, took) {
    this.input = input;
    this.list = list;
    this.known = known;
    this.took = took;
    this.value = "";
    this.at = -1;
    /** @type {string[]} */
    this.offered = [];
    input.oninput = () => this.open();
    input.onkeydown = (event) => this.key(event);
    input.onclick = () => this.open(true);
    input.onfocus = () => input.select();
    input.onblur = () => this.take(input.value);
    list.onpointerdown = (event) => event.preventDefault();
    list.onclick = (event) => {
      const option = /** @type {HTMLElement} */ (event.target).closest("li");
      if (option) this.take(this.offered[[...list.children].indexOf(option)] ?? "");
    };
  }

  get isOpen() {
    return !this.list.hidden;
  }

  /** Show a label, and offer nothing. @param {string} label */
  put(label) {
    this.value = label;
    this.input.value = label;
    this.close();
  }

  /** @param {boolean} [all] whether to offer all, whatever is written */
  open(all) {
    const text = all ? "" : this.input.value.trim().toLowerCase();
    const begins = (/** @type {string} */ label) => (label.toLowerCase().startsWith(text) ? 0 : 1);
    const fit = this.known().filter((label) => label.toLowerCase().includes(text));
    this.offered = fit.sort((a, b) => begins(a) - begins(b)).slice(0, all ? 200 : MOST_OFFERED);
    this.at = -1;
    this.list.replaceChildren(...this.offered.map((label, n) => {
      const option = made("li", "", label);
      option.id = `label${n}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(label === this.value));
      return option;
    }));
    this.list.hidden = !this.offered.length;
    this.tell();
  }

  close() {
    this.list.hidden = true;
    this.at = -1;
    this.tell();
  }

  tell() {
    this.input.setAttribute("aria-expanded", String(this.isOpen));
    [...this.list.children].forEach((option, n) => option.classList.toggle("at", n === this.at));
    if (this.at >= 0) this.input.setAttribute("aria-activedescendant", `label${this.at}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const way = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (way) {
      if (!this.isOpen) this.open(true);
      const num = this.offered.length;
      if (num) this.at = (this.at + way + num + (this.at < 0 && way < 0 ? 1 : 0)) % num;
      this.tell();
    } else if (event.key === "Enter") {
      this.take(this.at >= 0 ? this.offered[this.at] ?? "" : this.input.value);
    } else if (event.key === "Escape" && (this.isOpen || this.input.value !== this.value)) {
      this.put(this.value);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {string} label */
  take(label) {
    const plain = label.replace(/\s+/g, " ").trim();
    this.close();
    if (!plain || plain === this.value) this.input.value = this.value;
    else {
      this.put(plain);
      this.took(plain);
    }
  }
}

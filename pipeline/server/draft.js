"use strict";
// The events as the reader makes them, with every step back; nothing here touches the page.

/** @typedef {{id: string, label: string, onset: number, offset: number, score: number | null, by: string}} Told */
/** @typedef {"onset" | "offset"} Side */

const SNAP = 0.1;
const LEAST = 0.05;

class Draft {
  /** @param {Told[]} events @param {number} duration of the film, in seconds */
  constructor(events, duration) {
    this.duration = duration;
    this.events = [...events].sort(inTime);
    this.kept = this.events;
    /** @type {Told[][]} */
    this.past = [];
    /** @type {Told[][]} */
    this.future = [];
    this.gesture = "";
    this.made = 0;
  }

  get isChanged() {
    return this.events !== this.kept && (this.events.length !== this.kept.length || this.count() > 0);
  }

  /** How many events are others than those that are kept. */
  count() {
    const was = new Map(this.kept.map((event) => [event.id, event]));
    const others = this.events.filter((event) => !same(event, was.get(event.id))).length;
    const ids = new Set(this.events.map((event) => event.id));
    return others + this.kept.filter((event) => !ids.has(event.id)).length;
  }

  /** @param {string} id */
  find(id) {
    return this.events.find((event) => event.id === id) ?? null;
  }

  /** Take other events; all of one gesture is one step. @param {Told[]} events @param {string} [gesture] */
  become(events, gesture = "") {
    if (!gesture || gesture !== this.gesture) this.past.push(this.events);
    this.future = [];
    this.gesture = gesture;
    this.events = [...events].sort(inTime);
  }

  /** @param {string} id @param {Partial<Told>} other @param {string} [gesture] whether it was another */
  change(id, other, gesture) {
    const was = this.find(id);
    if (!was || same({ ...was, ...other }, was)) return false;
    const now = { ...was, ...other, score: null, by: "person" };
    this.become(this.events.map((event) => (event === was ? now : event)), gesture);
    return true;
  }

  /** A time on the grid of tenths, or as it is, inside the film. @param {number} seconds @param {boolean} exact */
  snapped(seconds, exact) {
    const grid = exact ? 0.001 : SNAP;
    const near = seconds >= this.duration - LEAST ? this.duration : Math.round(seconds / grid) * grid;
    return tidy(Math.max(0, Math.min(this.duration, near)));
  }

  /**
   * Move one end; it does not pass the other.
   * @param {string} id @param {Side} side @param {number} seconds @param {boolean} exact @param {string} [gesture]
   */
  edge(id, side, seconds, exact, gesture) {
    const event = this.find(id);
    if (!event) return false;
    const room = exact ? LEAST : SNAP;
    const at = this.snapped(seconds, exact);
    const to = side === "onset" ? Math.max(0, Math.min(at, event.offset - room)) : Math.max(at, event.onset + room);
    return this.change(id, { [side]: tidy(Math.min(to, this.duration)) }, gesture);
  }

  /** @param {string} id @param {string} label */
  relabel(id, label) {
    const plain = label.replace(/\s+/g, " ").trim();
    return plain !== "" && this.change(id, { label: plain });
  }

  /** @param {string} id */
  remove(id) {
    this.become(this.events.filter((event) => event.id !== id));
  }

  /** A new event, inside the film; its id. @param {number} onset @param {number} offset @param {string} label @param {string} [gesture] */
  add(onset, offset, label, gesture) {
    const id = `new${++this.made}`;
    const from = Math.max(0, Math.min(onset, this.duration - SNAP));
    const to = Math.min(this.duration, Math.max(offset, from + SNAP));
    const event = { id, label, onset: tidy(from), offset: tidy(to), score: null, by: "person" };
    this.become([...this.events, event], gesture);
    return id;
  }

  undo() {
    return this.swap(this.past, this.future);
  }

  redo() {
    return this.swap(this.future, this.past);
  }

  /** @param {Told[][]} from @param {Told[][]} to */
  swap(from, to) {
    const events = from.pop();
    if (!events) return false;
    to.push(this.events);
    this.events = events;
    this.gesture = "";
    return true;
  }

  /** What there is now is what is saved. */
  keep() {
    this.kept = this.events;
    this.gesture = "";
  }
}

/** Without what is left of tenths in twos. @param {number} seconds */
function tidy(seconds) {
  return Math.round(seconds * 1000) / 1000;
}

/** @param {Told} a @param {Told} b */
function inTime(a, b) {
  return a.onset - b.onset || a.offset - b.offset;
}

/** @param {Told} a @param {Told | undefined} b */
function same(a, b) {
  return b !== undefined && a.label === b.label && a.onset === b.onset && a.offset === b.offset;
}

/** Seconds of `1:02.5`, `1:00:02.5` or `62.5`; null where it is no time. @param {string} text */
function parsedTime(text) {
  const parts = text.trim().replace(",", ".").split(":");
  if (parts.length > 3 || !parts.every((part) => /^\d+(\.\d*)?$/.test(part))) return null;
  return parts.reduce((all, part) => all * 60 + Number(part), 0);
}

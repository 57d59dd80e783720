"use strict";
// What the page carries, unpacked: written by `page_data.py`, as JSON beside the script.

/**
 * Per second how clearly (0 to 255) and which label, as base64 of bytes and of 16-bit numbers.
 * @typedef {{values: string, labels: string}} PackedTrack
 * @typedef {{values: Uint8Array, labels: Uint16Array}} Track
 * @typedef {{src: string, width: number, height: number, num: number, columns: number,
 *   step: number}} Pictures
 * @typedef {{src: string, bands: number, num: number, columns: number, high: number}} Mel
 * @typedef {{side: number, crop: boolean, weights: string}} Attention
 * @typedef {[number, number, number, number | null, string, string]} PackedRow
 * @typedef {{name: string, file: string, duration: number, threshold: number | null,
 *   labels: string[], found: PackedRow[], alone: PackedRow[], sounds: PackedRow[],
 *   truth: PackedRow[] | null, heard: PackedTrack | null, seen: PackedTrack | null,
 *   both: PackedTrack | null, peaks: string, mel: Mel | null, pictures: Pictures | null,
 *   attention: Attention | null}} Data
 */

/** @returns {Data} */
function readData() {
  return JSON.parse(document.getElementById("data")?.textContent ?? "{}");
}

/** @param {PackedTrack | null} packed @returns {Track | null} */
function track(packed) {
  if (!packed) return null;
  return { values: bytes(packed.values), labels: new Uint16Array(bytes(packed.labels).buffer) };
}

/** @param {PackedRow[] | null} packed @param {string[]} labels @param {Look[]} looks @returns {Row[]} */
function rowsOf(packed, labels, looks) {
  return (packed ?? []).map(([onset, offset, label, score, why, kind]) => ({
    onset, offset, score, why, kind,
    label: labels[label] ?? "", look: looks[label] ?? { hue: "#0072b2", texture: 0 },
  }));
}

/**
 * An element of the page, which is there.
 * @param {string} id @returns {HTMLElement}
 */
function el(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** Put items in their order; what stands right is left alone, so that nothing is laid out twice. @param {HTMLElement} list @param {HTMLElement[]} items */
function settle(list, items) {
  items.forEach((item, n) => {
    if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null);
  });
  while (list.children.length > items.length) list.lastElementChild?.remove();
}

/** Light or dark, as the reader chose or the system says. */
function isDark() {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The other theme at a click; `changed` is called whenever the colours are others. @param {() => void} changed */
function themes(changed) {
  el("theme").onclick = () => {
    document.documentElement.dataset["theme"] = isDark() ? "light" : "dark";
    changed();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

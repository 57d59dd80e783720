"use strict";
// How each label looks: seven hues that colour-blind eyes tell apart, by four textures.
// Source of the hues: Okabe and Ito, Color Universal Design, 2008; the yellow is darker here.

/** @typedef {{hue: string, texture: number}} Look */

const HUES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#d8c400"];
const NUM_LOOKS = 28;
const TEXTURES = [
  "",
  "M-2 8 8-2M3 13 13 3M8 18 18 8M13 23 23 13",
  "M5 5h.1M11 5h.1M17 5h.1M5 11h.1M11 11h.1M17 11h.1M5 17h.1M11 17h.1M17 17h.1",
  "M4 0V22M9 0V22M14 0V22M19 0V22",
];

/**
 * A look for each label: its own on every page, the next free one where another has it.
 * @param {string[]} labels @returns {Look[]}
 */
function looksOf(labels) {
  /** @type {Set<number>} */
  const taken = new Set();
  return labels.map((label) => {
    let hash = 2166136261;
    for (const c of label) hash = Math.imul(hash ^ (c.codePointAt(0) ?? 0), 16777619);
    let at = (hash >>> 0) % NUM_LOOKS;
    for (let tries = 0; taken.has(at) && tries < NUM_LOOKS; tries++) at = (at + 1) % NUM_LOOKS;
    taken.add(at);
    if (taken.size === NUM_LOOKS) taken.clear();
    return { hue: HUES[at % 7] ?? "", texture: Math.floor(at / 7) % 4 };
  });
}

/**
 * An SVG element with attributes.
 * @param {string} name @param {Record<string, string | number>} attributes
 */
function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** A square that shows a look. @param {Look} look */
function swatch({ hue, texture }) {
  const svg = drawn("svg", { viewBox: "0 0 22 22", "aria-hidden": "true", class: "swatch" });
  svg.append(drawn("rect", { width: 22, height: 22, fill: hue }));
  const width = texture === 2 ? 3.4 : 2;
  const path = { d: TEXTURES[texture] ?? "", stroke: "#000a", fill: "none" };
  svg.append(drawn("path", { ...path, "stroke-width": width, "stroke-linecap": "round" }));
  return svg;
}

/** Red, green and blue in [0, 255] of `#rgb` or `#rrggbb`. @param {string} colour */
function channels(colour) {
  let hex = colour.trim().replace("#", "");
  if (hex.length < 6) hex = [...hex].map((c) => c + c).join("");
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** @type {Map<string, string>} */
const mixtures = new Map();

/** A share of one colour over another. @param {string} one @param {string} under @param {number} share */
function mixed(one, under, share) {
  const key = one + under + share;
  const known = mixtures.get(key);
  if (known) return known;
  const below = channels(under);
  const parts = channels(one).map((c, i) => Math.round(c * share + (below[i] ?? 0) * (1 - share)));
  mixtures.set(key, `rgb(${parts})`);
  return `rgb(${parts})`;
}

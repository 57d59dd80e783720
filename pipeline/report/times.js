"use strict";
// Times as people and as files write them, in seconds; nothing here touches the page.

/**
 * One row: an event, what one sense names alone, or a sound.
 * @typedef {{onset: number, offset: number, label: string, score: number | null, why: string,
 *   kind: string, look: Look}} Row
 */

/** `1:02.5`, `1:00:02.5`; without tenths where `digits` is 0. @param {number} seconds */
function clock(seconds, digits = 1) {
  const scale = 10 ** digits;
  const all = Math.round(Math.max(0, seconds) * scale);
  const whole = Math.floor(all / scale);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const rest = digits ? "." + String(all % scale).padStart(digits, "0") : "";
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return (h ? `${h}:${two(m)}` : `${m}`) + ":" + two(s) + rest;
}

/** A time of WebVTT, to the millisecond. @param {number} seconds */
function stamp(seconds) {
  const all = Math.round(seconds * 1000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const whole = Math.floor(all / 1000);
  const clockwise = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map(two);
  return clockwise.join(":") + "." + String(all % 1000).padStart(3, "0");
}

/** @param {string} text */
function csvCell(text) {
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** The columns of events.csv. @param {Row[]} rows @param {string} file */
function asCsv(rows, file) {
  const lines = rows.map((r) => {
    const score = r.score === null ? "" : r.score.toFixed(4);
    return [csvCell(file), r.onset, r.offset, csvCell(r.label), score].join();
  });
  return ["file,onset,offset,label,score", ...lines].join("\n") + "\n";
}

/** @param {Row[]} rows */
function asWebVtt(rows) {
  const plain = (/** @type {string} */ text) =>
    text.replace(/\s+/g, " ").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const cues = rows.map((r) => `${stamp(r.onset)} --> ${stamp(r.offset)}\n${plain(r.label)}\n`);
  return ["WEBVTT\n", ...cues].join("\n");
}

/** Labels of Audacity: no tab or line break can stand in one. @param {Row[]} rows */
function asAudacity(rows) {
  return rows
    .map((r) => `${r.onset.toFixed(6)}\t${r.offset.toFixed(6)}\t${r.label.replace(/\s+/g, " ")}\n`)
    .join("");
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** Seconds between two marks of the ruler. @param {number} seconds @param {number} width in pixels */
function ruler(seconds, width) {
  const room = (/** @type {number} */ step) => (step < 1 ? 80 : seconds >= 3600 ? 68 : 56);
  return STEPS.find((step) => (step / seconds) * width >= room(step)) ?? 14400;
}

/**
 * Rows of blocks: each goes where it overlaps none, in at most `most` rows.
 * @param {Row[]} rows in time order @param {number} most
 */
function stacked(rows, most) {
  /** @type {number[]} */
  const ends = [];
  return rows.map((row) => {
    let at = ends.findIndex((end) => end <= row.onset + 1e-6);
    if (at < 0) at = ends.length < most ? ends.length : ends.indexOf(Math.min(...ends));
    ends[at] = Math.max(ends[at] ?? 0, row.offset);
    return at;
  });
}

/** Bytes of base64. @param {string} text */
function bytes(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

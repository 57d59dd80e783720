"use strict";
// Films and jobs as the API has them, and their states in words.

/**
 * @typedef {{model: string, summary: string, changed: boolean}} Before
 * @typedef {{id: string, name: string, bytes: number, seconds: number, state: string, job: string,
 *   events: number, summary: string, corrected: boolean, untaught: boolean, model: string | null, added: string,
 *   before?: Before | null}} Film
 * @typedef {{stage: string, done: number, total: number, unit: string}} Progress
 * @typedef {{id: string, kind: string, video: string | null, state: string, progress: Progress,
 *   error: {reason: string, message: string} | null, note?: string, model: string}} Job
 */

/** @type {Record<string, string>} */
const STAGES = {
  waiting: "Beginning",
  decoding: "Watching and listening",
  encoding: "Taking in pictures and sounds",
  localizing: "Finding events",
  teaching: "Learning",
  writing: "Writing it down",
};

/** `3.1 MB`. @param {number} count */
function size(count) {
  for (const [unit, name] of /** @type {[number, string][]} */ ([[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]])) {
    if (count >= unit) return `${(count / unit).toFixed(count >= 10 * unit ? 0 : 1)} ${name}`;
  }
  return `${count} bytes`;
}

/** `3 films`. @param {number} count @param {string} noun */
function several(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** How far a job is, in words. @param {Progress} progress */
function farness({ stage, done, total, unit }) {
  const name = STAGES[stage] ?? stage;
  if (!total) return `${name}…`;
  const some = unit === "s" ? `${clock(Math.min(done, total), 0)} of ${clock(total, 0)}` : `${done} of ${several(total, "film")}`;
  return `${name}: ${some}`;
}

/** The share that is done, in [0, 1]; null where nobody knows. @param {Progress | undefined} progress */
function share(progress) {
  return progress?.total ? Math.min(1, progress.done / progress.total) : null;
}

/** @param {Film} film @param {Job | undefined} job that is its newest, where it is known */
function stateOf(film, job) {
  if (film.state === "queued") return "Waiting for its turn";
  if (film.state === "running") return job ? farness(job.progress) : "Beginning…";
  if (film.state === "failed") return `Could not be used. ${sentence(job?.error?.message ?? film.summary)}`;
  if (film.state === "cancelled") return film.model ? `Cancelled; still there: ${film.summary}` : "Cancelled; nothing was found yet.";
  return film.summary;
}

/** A bar, which says nothing by itself: its words stand beside. @param {string} label @returns {HTMLProgressElement} */
function bar(label) {
  const made = document.createElement("progress");
  made.max = 1;
  made.setAttribute("aria-label", label);
  return made;
}

/** @param {HTMLProgressElement} bar @param {number | null} share */
function fill(bar, share) {
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
}

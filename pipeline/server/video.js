"use strict";
// One film as it goes on: how far its job is, another answer when it is there, and teaching.

/** @type {{video: Film, sequence: number, before?: {model: string, events: Span[]} | null}} */
const about = JSON.parse(el("state").textContent ?? "{}");
const isWaiting = document.getElementById("bars") !== null;
let film = about.video;
/** @type {Job | undefined} */
let job;
const running = bar("How far");
(document.getElementById("bars") ?? document.getElementById("going"))?.append(running);
const teaching = document.getElementById("teach") ? new Teaching() : null;

/** Whether a reload would lose anything. */
function isSafe() {
  return isWaiting || !draft.isChanged;
}

/** The page anew, from its top: what changed stands there. */
function renew() {
  history.scrollRestoration = "manual";
  location.reload();
}

function tell() {
  const isBusy = /queued|running/.test(film.state);
  running.hidden = !isBusy;
  fill(running, film.state === "queued" ? 0 : share(job?.progress));
  const said = stateOf(film, job);
  if (isWaiting) return waiting(said, isBusy);
  el("again").hidden = !isBusy && film.state === "done";
  el("againsaid").textContent = isBusy ? `Looking through this film again. ${said}` : said;
}

/** @param {string} said @param {boolean} isBusy */
function waiting(said, isBusy) {
  el("news").textContent = said;
  el("later").hidden = !isBusy;
  const key = String(isBusy);
  if (el("acts").dataset["key"] === key) return;
  el("acts").dataset["key"] = key;
  const ask = (/** @type {string} */ method, /** @type {string} */ path, /** @type {unknown} */ body) =>
    void call(method, path, body).catch((error) => lost(inWords(error)));
  el("acts").replaceChildren(...(isBusy
    ? [pressed("Cancel", "edge", () => ask("DELETE", `/api/jobs/${film.job}`, undefined))]
    : [pressed("Try again", "edge", () => ask("POST", `/api/videos/${film.id}/localize`, {})),
      pressed("Delete", "edge", () => void remove())]));
}

async function remove() {
  const why = "The film and all that was made of it go away here. The file that you dropped stays where you have it.";
  if ((await choice(`Delete ${film.name}?`, why, ["Delete", "Keep it"])) !== 0) return;
  try {
    await call("DELETE", `/api/videos/${film.id}`);
    location.href = "/";
  } catch (error) {
    lost(inWords(error));
  }
}

/** @param {Film} now */
function heardFilm(now) {
  if (now.id !== film.id) return;
  const was = film;
  film = now;
  tell();
  const isOther = now.state === "done" && (was.state !== "done" || was.job !== now.job) && now.model !== null;
  if (!isOther) return;
  if (isSafe()) renew();
  else {
    el("again").hidden = false;
    el("againsaid").textContent = "Another answer is there. Save what you corrected, then ";
    el("againsaid").append(pressed("show it", "edge", renew));
  }
}

/** What was corrected in all films. */
async function counted() {
  try {
    const { videos } = await call("GET", "/api/videos");
    teaching?.counted(videos);
  } catch (error) {
    lost(inWords(error));
  }
}

/** Another model for this film. */
async function models() {
  const select = /** @type {HTMLSelectElement} */ (el("models"));
  const said = await call("GET", "/api/models");
  select.replaceChildren(...said.models.map((/** @type {{name: string}} */ { name }) => {
    const option = document.createElement("option");
    option.value = option.textContent = name;
    option.selected = name === said.current;
    return option;
  }));
  el("rerun").onclick = async () => {
    try {
      const { job: begun } = await call("POST", `/api/videos/${film.id}/localize`, { model: select.value });
      job = begun;
    } catch (error) {
      lost(inWords(error));
    }
  };
}

/** What changed since the model before. */
function changed() {
  const { before } = about;
  if (!before) return;
  const now = data.found.map(([onset, offset, label]) => ({ onset, offset, label: data.labels[label] ?? "" }));
  const changes = differences(before.events, now);
  el("changed").hidden = false;
  el("changedtitle").textContent = `What changed: ${before.model} → ${film.model ?? ""}`;
  el("changes").replaceChildren(changes.length ? changeList(changes) : made("p", "", "Nothing: both find the same events."));
}

if (!isWaiting) {
  axis.addEventListener("kept", () => void counted());
  if (begun.corrections.corrected) void counted();
  models().catch((error) => lost(inWords(error)));
  changed();
} else themes(() => undefined);
tell();
listen(about.sequence, {
  job: (now) => {
    teaching?.take(now);
    if (now.id !== film.job && now.video !== film.id) return;
    job = now;
    tell();
  },
  video: heardFilm,
  gone: ({ id }) => {
    if (id === film.id) location.href = "/";
  },
});
if (/queued|running|failed/.test(film.state)) {
  call("GET", `/api/jobs/${film.job}`).then((said) => {
    job = said.job;
    tell();
  }).catch(() => undefined);
}
document.documentElement.dataset["ready"] = String(Math.round(performance.now()));

"use strict";
// All films: those on their way, those that wait or run, and what was found in the others.

const AT_ONCE = 60;
/** @type {{videos: Film[], model: string, sequence: number, limits: Record<string, number>}} */
const begun = JSON.parse(el("state").textContent ?? "{}");
/** @type {Map<string, Film>} */
const films = new Map(begun.videos.map((film) => [film.id, film]));
/** @type {Map<string, Job>} */
const jobs = new Map();
/** @type {Map<string, Card>} */
const cards = new Map();
/** @type {Map<Upload, Card>} */
const sending = new Map();
const query = /** @type {HTMLInputElement} */ (el("query"));
const kind = /** @type {HTMLSelectElement} */ (el("kind"));
const teaching = new Teaching();
let upto = AT_ONCE;
let planned = 0;

const uploads = new Uploads((upload) => {
  if (upload.film) films.set(upload.film.id, films.get(upload.film.id) ?? upload.film);
  if (["done", "gone"].includes(upload.state)) {
    sending.get(upload)?.item.remove();
    sending.delete(upload);
  } else {
    const card = sending.get(upload) ?? new Card(upload.file.name);
    if (!sending.has(upload)) el("sending").append(card.item);
    sending.set(upload, card);
    card.uploading(upload);
  }
  plan();
});

/** What the reader wants to see, the newest first. @returns {Film[]} */
function wanted() {
  const text = query.value.trim().toLowerCase();
  /** @type {Record<string, (film: Film) => boolean>} */
  const kinds = {
    corrected: (film) => film.corrected,
    open: (film) => !film.corrected && film.state === "done",
    changed: (film) => film.before?.changed === true,
    failed: (film) => film.state === "failed",
  };
  const is = kinds[kind.value] ?? (() => true);
  return [...films.values()]
    .filter((film) => is(film) && (!text || `${film.name} ${film.summary}`.toLowerCase().includes(text)))
    .sort((a, b) => (a.added < b.added ? 1 : a.added > b.added ? -1 : 0));
}

function plan() {
  if (!planned) planned = requestAnimationFrame(draw);
}

const end = made("li", "end");
end.setAttribute("aria-hidden", "true");
new IntersectionObserver((seen) => {
  if (!seen[0]?.isIntersecting || upto >= films.size) return;
  upto += AT_ONCE;
  plan();
}, { rootMargin: "800px" }).observe(end);

function draw() {
  planned = 0;
  const all = wanted();
  const shown = all.slice(0, upto);
  const items = shown.map((film) => {
    const card = cards.get(film.id) ?? new Card(film.name);
    cards.set(film.id, card);
    card.film(film, jobs.get(film.job));
    return card.item;
  });
  settle(el("rows"), [...items, end]);
  const isEmpty = !films.size && !sending.size;
  document.body.classList.toggle("empty", isEmpty);
  el("tools").hidden = films.size < 2;
  el("none").hidden = all.length > 0 || isEmpty || !films.size;
  el("count").textContent = all.length === films.size ? several(films.size, "film") : `${all.length} of ${several(films.size, "film")}`;
  loop();
}

/** Where the reader is in the loop. */
function loop() {
  const all = [...films.values()];
  teaching.counted(all);
  const isTaught = begun.model.startsWith("taught");
  const done = [all.length > 0, teaching.count > 0, isTaught];
  const at = !all.length ? 0 : teaching.count && teaching.isNews ? 2 : 1;
  [...el("steps").children].forEach((step, n) => {
    step.className = done[n] && n !== at ? "done" : "";
    if (n === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
  el("model").textContent = begun.model;
  if (teaching.isBusy || !isTaught) return;
  const mine = all.filter((film) => film.model === begun.model || /queued|running/.test(film.state));
  const looked = mine.filter((film) => !/queued|running/.test(film.state)).length;
  if (looked < mine.length) teaching.again(looked, mine.length);
  else after(mine);
}

/** What changed in the answers, plainly. @param {Film[]} all that the new model has been through */
function after(all) {
  const others = all.filter((film) => film.before?.changed && film.state === "done");
  teaching.again(1, 1);
  teaching.said.textContent = all.length
    ? `${teaching.job?.note ?? ""} ${begun.model} has looked through ${several(all.length, "film")}: ${others.length ? `${others.length === 1 ? "1 has" : `${others.length} have`} another answer now` : "none has another answer"}.`
    : "";
  const list = el("turned");
  list.replaceChildren(...others.slice(0, 5).map((film) => {
    const item = document.createElement("li");
    const link = /** @type {HTMLAnchorElement} */ (made("a", "", film.name));
    link.href = `/videos/${film.id}`;
    item.append(link, turned(film));
    return item;
  }));
}

/** @param {Job} job */
function heardJob(job) {
  jobs.set(job.id, job);
  if (teaching.take(job) && job.state === "done") begun.model = job.model;
  plan();
}

listen(begun.sequence, {
  job: heardJob,
  video: (film) => {
    films.set(film.id, film);
    plan();
  },
  gone: ({ id }) => {
    films.delete(id);
    cards.delete(id);
    plan();
  },
});

takeFiles((files) => {
  for (const file of files) uploads.add(file);
  if (files.length) el("say").textContent = `${several(files.length, "film")} taken`;
});
addEventListener("beforeunload", (event) => {
  if ([...sending.keys()].some((upload) => !upload.isOver)) event.preventDefault();
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || /^(INPUT|SELECT)$/.test(/** @type {HTMLElement} */ (event.target).tagName)) return;
  event.preventDefault();
  query.focus();
});
query.oninput = kind.onchange = plan;
el("limits").textContent = `Films, or sound alone, of any kind; at most ${size(begun.limits["file_bytes"] ?? 0)} and ${Math.round((begun.limits["film_seconds"] ?? 0) / 3600)} hours each.`;
themes(() => undefined);
draw();
call("GET", "/api/jobs?limit=200").then((said) => {
  for (const job of said.jobs.reverse()) heardJob(job);
}).catch(() => undefined);
document.documentElement.dataset["ready"] = String(Math.round(performance.now()));

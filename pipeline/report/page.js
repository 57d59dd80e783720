"use strict";
// One video's page: player, lanes and list, and what the reader does with them.

const began = performance.now();
const data = readData();
const looks = looksOf(data.labels);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const lanes = new Lanes(/** @type {HTMLCanvasElement} */ (el("lanes")), data, looks);
const mini = new Mini(/** @type {HTMLCanvasElement} */ (el("mini")), lanes);
const axis = el("track");
const list = new List({
  found: lanes.rows["found"] ?? [], alone: lanes.rows["alone"] ?? [],
  sounds: rowsOf(data.sounds, data.labels, looks),
}, choose);
const player = new Player(data, move);
const overlay = new Overlay(data, player, lanes);

let wanted = 0;
function redraw() {
  if (!wanted) wanted = requestAnimationFrame(paint);
}

/** Who lays something over the lanes hears that they were `drawn`, and which row was `chosen`. */
function paint() {
  wanted = 0;
  lanes.draw();
  mini.draw();
  place();
  axis.dispatchEvent(new Event("drawn"));
}

/** Show a stretch of time, at least half a second. @param {number} from @param {number} to */
function show(from, to) {
  const wide = Math.min(data.duration, Math.max(0.5, to - from));
  const start = Math.max(0, Math.min(data.duration - wide, from));
  lanes.view = { from: start, to: start + wide };
  redraw();
}

/** @param {number} factor @param {number} [at] seconds that stay where they are */
function zoom(factor, at) {
  const { from, to } = lanes.view;
  const still = at ?? Math.min(to, Math.max(from, player.time));
  show(still - (still - from) * factor, still + (to - still) * factor);
}

/** The cursor alone: nothing else is drawn while a video plays. */
function place() {
  const x = lanes.x(player.time);
  const cursor = el("cursor");
  cursor.style.transform = `translateX(${x}px)`;
  cursor.style.visibility = x < -1 || x > lanes.width + 1 ? "hidden" : "visible";
}

function move() {
  const time = player.time;
  const { from, to } = lanes.view;
  if (player.playing && time > to) show(time - (to - from) * 0.1, time + (to - from) * 0.9);
  place();
  el("clock").textContent = clock(time);
  const now = (lanes.rows["found"] ?? []).filter((row) => time >= row.onset && time < row.offset);
  const names = now.map((row) => row.label).join(" · ");
  axis.setAttribute("aria-valuenow", time.toFixed(1));
  axis.setAttribute("aria-valuetext", clock(time) + (names ? ", " + names : ""));
  el("now").textContent = names;
  overlay.draw();
  const current = now.find((row) => row === lanes.current) ?? now[0] ?? null;
  if (current === lanes.current) return;
  lanes.current = current;
  list.mark(current, calm.matches);
  redraw();
}

/** @param {number} seconds */
function seek(seconds) {
  player.seek(seconds);
  const { from, to } = lanes.view;
  if (player.position < from || player.position > to) {
    show(player.position - (to - from) / 3, player.position + ((to - from) * 2) / 3);
  }
}

/** A little after the onset: at the onset itself the frame before may be shown. @param {Row} row */
function choose(row) {
  lanes.current = lanes.rows["found"]?.includes(row) ? row : lanes.current;
  seek(Math.min(row.onset + 0.02, (row.onset + row.offset) / 2));
  list.mark(row, calm.matches);
  redraw();
  el("say").textContent = `${row.label}, ${clock(row.onset)} to ${clock(row.offset)}`;
  axis.dispatchEvent(new CustomEvent("chosen", { detail: row }));
}

/** The next row of the list, or the one before. @param {number} way */
function step(way) {
  const { shown } = list;
  const now = player.time;
  const at = list.lit ? shown.findIndex((row) => list.buttons.get(row) === list.lit) : -1;
  const isHere = at >= 0 && now >= (shown[at]?.onset ?? 0) && now < (shown[at]?.offset ?? 0);
  const next = isHere ? shown[at + way]
    : way > 0 ? shown.find((row) => row.onset > now + 0.05)
    : [...shown].reverse().find((row) => row.onset < now - 0.5);
  if (next) choose(next);
}

async function copyTime() {
  const time = clock(player.time, 2);
  try {
    await navigator.clipboard.writeText(time);
    el("say").textContent = `copied ${time}`;
  } catch {
    el("say").textContent = `the browser does not let this page copy; the time is ${time}`;
  }
  el("said").textContent = el("say").textContent;
  setTimeout(() => (el("said").textContent = ""), 2000);
}

/** @param {string} kind */
function save(kind) {
  const rows = list.shown;
  const text = kind === "csv" ? asCsv(rows, data.file) : kind === "vtt" ? asWebVtt(rows) : asAudacity(rows);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = `${data.name}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** What a key does; none where the browser's own meaning counts. @type {Record<string, (big: boolean) => void>} */
const KEYS = {
  " ": () => player.toggle(),
  j: () => step(1),
  k: () => step(-1),
  ArrowRight: (big) => seek(player.time + (big ? 10 : 1)),
  ArrowLeft: (big) => seek(player.time - (big ? 10 : 1)),
  Home: () => seek(0),
  End: () => seek(data.duration),
  "+": () => zoom(0.5),
  "=": () => zoom(0.5),
  "-": () => zoom(2),
  0: () => show(0, data.duration),
  m: () => player.mute(),
  c: () => player.captions(),
  f: () => player.full(),
  a: () => overlay.toggle(),
  t: () => void copyTime(),
  n: () => document.getElementById("following")?.click(),
  p: () => document.getElementById("previous")?.click(),
  "/": () => list.query.focus(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.key === " " && /^(BUTTON|SUMMARY|A)$/.test(target.tagName)) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act(event.shiftKey);
});

point(axis);

const clicks = {
  previousEvent: () => step(-1), nextEvent: () => step(1), zoomIn: () => zoom(0.5),
  zoomOut: () => zoom(2), fit: () => show(0, data.duration), copy: () => void copyTime(),
};
for (const [id, act] of Object.entries(clicks)) el(id).onclick = act;
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-save]"))) {
  button.onclick = () => save(button.dataset["save"] ?? "csv");
}

function colours() {
  lanes.theme();
  lanes.draw();
  mini.draw();
}

function fit() {
  const width = axis.clientWidth;
  lanes.resize(width);
  mini.resize(width);
  paint();
  overlay.draw();
}

/** @param {string} src @param {(image: HTMLImageElement) => void} take */
function load(src, take) {
  const image = new Image();
  image.onload = () => take(image);
  image.src = src;
}

if (data.pictures) load(data.pictures.src, (image) => { lanes.film = image; overlay.draw(); redraw(); });
if (data.mel) {
  load(data.mel.src, (image) => {
    const reader = document.createElement("canvas");
    [reader.width, reader.height] = [image.width, image.height];
    const pen = reader.getContext("2d", { willReadFrequently: true });
    pen?.drawImage(image, 0, 0);
    lanes.loudness = pen?.getImageData(0, 0, image.width, image.height) ?? null;
    tintSpectrum(lanes);
    redraw();
  });
}

names(el("names"), lanes.lanes);
el("total").textContent = clock(data.duration);
axis.setAttribute("aria-valuemax", data.duration.toFixed(1));
themes(colours);
lanes.theme();
new ResizeObserver(fit).observe(axis);
addEventListener("beforeprint", () => { list.more(list.shown.length); forPrint(true); });
addEventListener("afterprint", () => forPrint(false));

/** Paper is light. @param {boolean} on */
function forPrint(on) {
  const root = document.documentElement;
  if (on) root.dataset["before"] = root.dataset["theme"] ?? "";
  const theme = on ? "light" : root.dataset["before"];
  if (theme) root.dataset["theme"] = theme;
  else delete root.dataset["theme"];
  colours();
}

const asked = /[#&]t=([\d.]+)/.exec(location.hash);
if (asked) seek(Number(asked[1]));
else move();
requestAnimationFrame(() => requestAnimationFrame(() => {
  document.documentElement.dataset["painted"] = String(Math.round(performance.now() - began));
}));

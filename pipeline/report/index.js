"use strict";
// Many results: filter, sort, and some more rows as the reader goes down.

/**
 * @typedef {{name: string, page: string, status: string, said: string, alone: string, kind: string,
 *   duration: number, events: number, labels: [string, number][],
 *   spans: [number, number, string][], picture: string}} Entry
 */

const SOME = 60;
const MOST_CHIPS = 12;
/** @type {Entry[]} */
const entries = JSON.parse(el("data").textContent ?? "[]");
const query = /** @type {HTMLInputElement} */ (el("query"));
const kind = /** @type {HTMLSelectElement} */ (el("kind"));
const order = /** @type {HTMLSelectElement} */ (el("order"));
const rows = el("rows");

/** @type {Map<string, number>} */
const counts = new Map();
for (const entry of entries) for (const [label] of entry.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
const byCount = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
const looks = new Map(looksOf(byCount.map(([label]) => label)).map((look, n) => [byCount[n]?.[0] ?? "", look]));
const plain = { hue: "#7b8696", texture: 0 };
let chosen = "";
/** @type {Entry[]} */
let shown = [];
let have = 0;

/** @param {string} tag @param {string} name @param {string} text */
function made(tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}

/** The events of a film on one line. @param {Entry} entry */
function line(entry) {
  const svg = drawn("svg", { class: "line", viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  const scale = 1000 / Math.max(entry.duration, 0.1);
  for (const [onset, offset, label] of entry.spans) {
    const width = Math.max(3, (offset - onset) * scale);
    svg.append(drawn("rect", { x: onset * scale, y: 0, width, height: 10, fill: (looks.get(label) ?? plain).hue }));
  }
  return svg;
}

/** @param {Entry} entry */
function picture(entry) {
  const holder = made("span", "pic", "");
  if (entry.picture) {
    const image = document.createElement("img");
    image.src = entry.picture;
    image.alt = "";
    holder.append(image);
  } else holder.append(made("em", "", "no picture"));
  if (entry.duration) holder.append(made("b", "", clock(entry.duration, 0)));
  return holder;
}

/** @param {Entry} entry */
function row(entry) {
  const item = document.createElement("li");
  const card = made("div", "card v", "");
  const text = made("div", "txt", "");
  const link = document.createElement("a");
  for (const part of entry.name.split(/(?<=[_.\-\s])/)) link.append(part, document.createElement("wbr"));
  if (entry.page) link.href = entry.page;
  text.append(link);
  if (entry.labels.length) {
    const what = made("div", "what", "");
    for (const [label, n] of entry.labels.slice(0, 4)) {
      const one = made("span", "", "");
      one.append(swatch(looks.get(label) ?? plain), n > 1 ? `${label} × ${n}` : label);
      what.append(one);
    }
    const more = entry.labels.length - 4;
    if (more > 0) what.append(made("span", "st", `${more} more kinds`));
    text.append(what);
  }
  text.append(made("span", `st is-${entry.kind}`, entry.status));
  if (entry.alone) text.append(made("span", "st", entry.alone));
  card.append(picture(entry), line(entry), text);
  item.append(card);
  return item;
}

const end = made("li", "end", "");
end.setAttribute("aria-hidden", "true");
new IntersectionObserver((seen) => {
  if (seen[0]?.isIntersecting) more();
}, { rootMargin: "800px" }).observe(end);

function more() {
  if (have >= shown.length) return;
  const some = document.createDocumentFragment();
  for (const entry of shown.slice(have, have + SOME)) some.append(row(entry));
  have = Math.min(shown.length, have + SOME);
  rows.append(some, end);
}

/** @type {Record<string, (a: Entry, b: Entry) => number>} */
const ORDERS = {
  name: (a, b) => a.name.localeCompare(b.name),
  events: (a, b) => b.events - a.events,
  duration: (a, b) => b.duration - a.duration,
};

function fill() {
  const wanted = query.value.trim().toLowerCase();
  const has = (/** @type {Entry} */ entry) => entry.name.toLowerCase().includes(wanted)
    || entry.labels.some(([label]) => label.toLowerCase().includes(wanted));
  shown = entries.filter((entry) => (!wanted || has(entry)) && (!kind.value || entry.kind === kind.value)
    && (!chosen || entry.labels.some(([label]) => label === chosen)));
  const by = ORDERS[order.value];
  if (by) shown = [...shown].sort(by);
  have = 0;
  rows.replaceChildren();
  more();
  if (!shown.length) rows.append(made("li", "none", "No video matches."));
  el("count").textContent = shown.length === entries.length ? "" : `${shown.length} of ${entries.length}`;
}

for (const [label, n] of byCount.slice(0, MOST_CHIPS)) {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.className = "chip";
  chip.setAttribute("aria-pressed", "false");
  const number = document.createElement("span");
  number.textContent = String(n);
  chip.append(swatch(looks.get(label) ?? plain), label, number);
  chip.onclick = () => {
    chosen = chosen === label ? "" : label;
    for (const each of el("chips").children) each.setAttribute("aria-pressed", String(each === chip && chosen !== ""));
    fill();
  };
  el("chips").append(chip);
}

query.oninput = kind.onchange = order.onchange = fill;
addEventListener("keydown", (event) => {
  if (event.key !== "/" || /^(INPUT|SELECT)$/.test(/** @type {HTMLElement} */ (event.target).tagName)) return;
  event.preventDefault();
  query.focus();
});
addEventListener("beforeprint", () => { while (have < shown.length) more(); });
themes(() => undefined);
fill();

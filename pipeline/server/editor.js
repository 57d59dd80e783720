"use strict";
// Correcting the events of one film: what hands, keys and fields wish is done to the draft, and shown.

/** @type {{video: Film, corrections: Kept, labels: string[], sequence: number, before: {model: string, events: Span[]} | null}} */
const begun = JSON.parse(el("state").textContent ?? "{}");
const found = lanes.rows["found"] ?? [];
const twins = new Map(found.map((row) => [keyOf(row), row]));
const draft = new Draft(begun.corrections.events, data.duration);
const keeper = new Keeper(begun.video.id, begun.corrections, draft, kept);
/** @type {WeakMap<Row, string>} */
const ids = new WeakMap();
/** @type {WeakMap<Told, Row>} */
const rows = new WeakMap();
/** Labels in the order in which they got their looks. */
const labelled = [...data.labels];
let chosen = "";
let gestures = 0;

/** One for all that say the same. @param {Span} span */
function keyOf({ label, onset, offset }) {
  return `${onset} ${offset} ${label}`;
}

/** @param {Row} row */
function idOf(row) {
  return ids.get(row) ?? "";
}

/** The row of an event, the same as long as nothing of it changes. @param {Told} event @returns {Row} */
function rowOf(event) {
  const had = rows.get(event);
  if (had) return had;
  if (!labelled.includes(event.label)) labelled.push(event.label);
  const look = looksOf(labelled)[labelled.indexOf(event.label)] ?? { hue: "#0072b2", texture: 0 };
  const row = { ...event, why: twins.get(keyOf(event))?.why ?? "", kind: event.by === "person" ? "by you" : "", look };
  rows.set(event, row);
  ids.set(row, event.id);
  return row;
}

function rowOfChosen() {
  const event = draft.find(chosen);
  return event ? rowOf(event) : null;
}

/** All that shows events, as they are now. */
function refresh() {
  const height = lanes.height;
  const now = draft.events.map(rowOf);
  lanes.put("found", now);
  frame.row = rowOfChosen(); // a handle that is hidden for a moment loses the focus
  const isAsFound = now.length === found.length && now.every((row) => twins.has(keyOf(row)));
  lanes.put("model", isAsFound ? [] : found);
  lanes.lanes = lanes.layOut();
  mini.key = "";
  list.rows["found"] = now;
  relist();
  player.caption(now);
  for (const tab of list.tabs()) if (tab.dataset["tab"] === "found") tab.querySelector("span")?.replaceChildren(String(now.length));
  names(el("names"), lanes.lanes);
  if (lanes.height !== height) fit();
  lanes.current = null;
  move();
  redraw();
  focusOn(chosen);
  state();
}

/** The list anew, where it was. */
function relist() {
  const { holder, buttons } = list;
  const top = holder.scrollTop;
  const at = [...buttons.values()].indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  list.fill(list.tab === "found" ? buttons.size - 1 : 0);
  if (holder.scrollTop !== top) holder.scrollTop = top;
  if (at >= 0) [...list.buttons.values()][Math.min(at, list.buttons.size - 1)]?.focus({ preventScroll: true });
}

/** While an end is dragged, blocks stay in their rows. */
function refreshLanes() {
  const places = new Map((lanes.rows["found"] ?? []).map((row, n) => [idOf(row), (lanes.places["found"] ?? [])[n] ?? 0]));
  const now = draft.events.map(rowOf);
  lanes.rows["found"] = now;
  lanes.places["found"] = now.map((row) => places.get(idOf(row)) ?? 0);
  redraw();
  focusOn(chosen);
}

/** Choose an event to correct, or none. @param {string} id */
function focusOn(id) {
  chosen = draft.find(id) ? id : "";
  const row = rowOfChosen();
  frame.put(row);
  form.put(row);
}

/** What was done, for those who cannot see it. @param {string} text */
function speak(text) {
  el("say").textContent = text;
}

/** @param {string} id @param {Side} side @param {number} seconds @param {boolean} exact @param {string} [gesture] */
function moveEnd(id, side, seconds, exact, gesture) {
  if (!draft.edge(id, side, seconds, exact, gesture)) return;
  const event = draft.find(id);
  if (event) speak(`${event.label} ${side === "onset" ? "begins" : "ends"} at ${written(event[side])}`);
}

const grips = new Grips(axis, {
  begin: (row) => {
    gestures++;
    focusOn(idOf(row));
    return idOf(row);
  },
  drag: (id, side, seconds, exact) => {
    moveEnd(id, side, seconds, exact, `drag${gestures}`);
    const event = draft.find(id);
    if (event) seek(event[side] === event.offset ? Math.max(event.onset, event.offset - 0.02) : event.onset);
    refreshLanes();
  },
  drop: (id, side) => {
    draft.gesture = "";
    refresh();
    if (id.startsWith("new") && draft.find(id)?.label === "") naming(id);
    else if (side) el(side).focus({ preventScroll: true });
  },
  draw: (from, to) => {
    gestures++;
    const id = draft.add(draft.snapped(from, false), draft.snapped(to, false), likely(from), `drag${gestures}`);
    chosen = id;
    refresh();
    draft.gesture = `drag${gestures}`;
    return id;
  },
  cancel: () => {
    if (draft.gesture) draft.undo();
    draft.future = [];
    refresh();
  },
});
const frame = new Frame(
  (event, side) => {
    gestures++;
    grips.hold(event, chosen, side);
  },
  (side, by, event) => {
    const now = draft.find(chosen);
    if (!now) return;
    moveEnd(chosen, side, now[side] + by, true, event.repeat ? `key${side}` : "");
    draft.gesture = `key${side}`;
    refresh();
    seek(now[side] + by);
  },
);
const form = new Form(known, {
  relabel: (label) => {
    if (draft.relabel(chosen, label)) speak(`renamed to ${label}`);
    refresh();
  },
  edge: (side, seconds, exact) => {
    moveEnd(chosen, side, seconds, exact);
    refresh();
  },
  remove: () => removeChosen(),
});

/** Labels to offer: those of this film first. */
function known() {
  const here = draft.events.map((event) => event.label);
  return [...new Set([...here, ...begun.labels])];
}

/** What the lanes name most clearly at a time. @param {number} seconds */
function likely(seconds) {
  const both = lanes.tracks["both"];
  const at = both ? both.labels[Math.min(both.labels.length - 1, Math.floor(seconds))] : undefined;
  return (at === undefined ? "" : data.labels[at]) || known()[0] || "event";
}

/** The name of a new one is asked for. @param {string} id */
function naming(id) {
  focusOn(id);
  el("label").focus();
}

/** A new event from where the film is. */
function addHere() {
  const from = draft.snapped(Math.min(player.time, data.duration - SNAP), false);
  chosen = draft.add(from, draft.snapped(from + Math.min(1, data.duration), false), likely(from));
  refresh();
  speak(`${rowOfChosen()?.label ?? ""} added at ${written(from)}`);
  naming(chosen);
}

function removeChosen() {
  const event = draft.find(chosen);
  if (!event) return;
  const at = draft.events.indexOf(event);
  draft.remove(chosen);
  chosen = "";
  refresh();
  speak(`${event.label} deleted`);
  if (document.activeElement === document.body) (list.buttons.get(lanes.rows["found"]?.[Math.min(at, draft.events.length - 1)] ?? /** @type {Row} */ ({})) ?? el("add")).focus({ preventScroll: true });
}

/** @param {boolean} again whether forth, not back */
function stepBack(again) {
  const isDone = again ? draft.redo() : draft.undo();
  speak(isDone ? (again ? "done again" : "undone") : `nothing to ${again ? "do again" : "undo"}`);
  if (isDone) refresh();
}

/** What can be done now, and what is not saved. */
function state() {
  const disable = (/** @type {string} */ id, /** @type {boolean} */ is) => {
    /** @type {HTMLButtonElement} */ (el(id)).disabled = is;
  };
  disable("undo", !draft.past.length);
  disable("redo", !draft.future.length);
  const count = draft.isChanged ? draft.count() : 0;
  const save = el("save");
  save.textContent = keeper.isSaving ? "Saving…" : count ? "Save" : keeper.isCorrected ? "Saved" : "All right as it is";
  save.title = count ? "Save what you corrected (ctrl and s)" : "";
  disable("save", !keeper.isOpen);
  el("kept").textContent = keeper.error || (count ? `${several(count, "change")} not saved` : keeper.isCorrected ? "Corrected by you." : "As the model found it.");
  el("kept").className = keeper.error ? "bad" : count ? "open" : "";
  el("next").hidden = !keeper.isCorrected || count > 0;
  el("forget").hidden = !keeper.isCorrected || count > 0;
  document.title = document.title.replace(/^(• )?/, count ? "• " : "");
}

/** @param {string} [said] */
function kept(said) {
  if (said !== "saved") return state();
  refresh();
  speak("saved");
  axis.dispatchEvent(new Event("kept"));
}

axis.addEventListener("drawn", () => frame.draw());
axis.addEventListener("chosen", (event) => {
  const row = /** @type {CustomEvent<Row>} */ (event).detail;
  if (ids.has(row)) focusOn(idOf(row));
});
el("add").onclick = addHere;
el("undo").onclick = () => stepBack(false);
el("redo").onclick = () => stepBack(true);
el("save").onclick = () => void keeper.save();
el("forget").onclick = async () => {
  const why = "Your corrections of this film go away, and it teaches nothing any more.";
  if ((await choice("Back to what the model found?", why, ["Go back", "Keep mine"])) === 0) void keeper.forget().then(refresh);
};
Object.assign(KEYS, {
  e: addHere,
  l: () => (chosen ? el("label").focus() : undefined),
  i: () => form.wishes.edge("onset", player.time, false),
  o: () => form.wishes.edge("offset", player.time, false),
  Delete: removeChosen,
  Backspace: removeChosen,
  Escape: () => focusOn(""),
});
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  const field = /** @type {HTMLElement} */ (event.target);
  if (key === "s") void (keeper.isOpen && keeper.save());
  else if ((key === "z" || key === "y") && !isTyping(field)) stepBack(key === "y" || event.shiftKey);
  else return;
  event.preventDefault();
});

/** Whether a field has what is not taken yet: its own steps back count there. @param {HTMLElement} field */
function isTyping(field) {
  if (!(field instanceof HTMLInputElement)) return false;
  if (field.id === "label") return field.value !== form.label.value;
  const row = rowOfChosen();
  return !row || ![written(row.onset), written(row.offset)].includes(field.value);
}

addEventListener("beforeunload", (event) => {
  if (draft.isChanged) event.preventDefault();
});
refresh();

"use strict";
// What another model says of the same film: before and after, event by event.

/**
 * @typedef {{label: string, onset: number, offset: number}} Span
 * @typedef {{kind: string, text: string}} Change
 */

/** How much two lie at one time: what they share of what they cover, in [0, 1]. @param {Span} a @param {Span} b */
function overlap(a, b) {
  const both = Math.min(a.offset, b.offset) - Math.max(a.onset, b.onset);
  return Math.max(0, both) / Math.max(1e-9, Math.max(a.offset, b.offset) - Math.min(a.onset, b.onset));
}

/** @param {Span} span */
function spoken({ onset, offset }) {
  return `${clock(onset)} – ${clock(offset)}`;
}

/** Pairs of the most alike, each once. @param {Set<Span>} before @param {Set<Span>} after @param {(a: Span, b: Span) => number} alike 0 where they are not */
function paired(before, after, alike) {
  const all = [...before].flatMap((a) => [...after].map((b) => ({ a, b, much: alike(a, b) })));
  /** @type {[Span, Span][]} */
  const pairs = [];
  for (const { a, b, much } of all.filter((each) => each.much > 0).sort((x, y) => y.much - x.much)) {
    if (!before.has(a) || !after.has(b)) continue;
    before.delete(a);
    after.delete(b);
    pairs.push([a, b]);
  }
  return pairs;
}

/** In time order; nothing where all is as it was. @param {Span[]} before @param {Span[]} after @returns {Change[]} */
function differences(before, after) {
  const [old, now] = [new Set(before), new Set(after)];
  /** @type {[number, Change][]} */
  const found = [];
  const same = (/** @type {Span} */ a, /** @type {Span} */ b) => (a.label === b.label ? overlap(a, b) : 0);
  for (const [a, b] of paired(old, now, same)) {
    if (spoken(a) === spoken(b)) continue;
    found.push([b.onset, { kind: "moved", text: `${b.label}: ${spoken(a)} → ${spoken(b)}` }]);
  }
  for (const [a, b] of paired(old, now, (a, b) => (overlap(a, b) > 0.2 ? overlap(a, b) : 0))) {
    const when = spoken(a) === spoken(b) ? spoken(b) : `${spoken(a)} → ${spoken(b)}`;
    found.push([b.onset, { kind: "renamed", text: `${a.label} → ${b.label}, ${when}` }]);
  }
  for (const a of old) found.push([a.onset, { kind: "gone", text: `${a.label}, ${spoken(a)}` }]);
  for (const b of now) found.push([b.onset, { kind: "new", text: `${b.label}, ${spoken(b)}` }]);
  return found.sort((a, b) => a[0] - b[0]).map(([, change]) => change);
}

/** @param {Change[]} changes @param {number} [most] @returns {HTMLElement} */
function changeList(changes, most = 12) {
  const list = made("ul", "changes");
  for (const { kind, text } of changes.slice(0, most)) {
    const item = made("li", `is-${kind}`);
    item.append(made("b", "", kind), " ", text);
    list.append(item);
  }
  if (changes.length > most) list.append(made("li", "", `${changes.length - most} more`));
  return list;
}

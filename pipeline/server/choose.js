"use strict";
// Films from the reader: dropped anywhere on the page, or chosen.

/**
 * All files of a folder that was dropped, or the file itself.
 * @param {FileSystemEntry} entry @returns {Promise<File[]>}
 */
async function filesOf(entry) {
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    return [await new Promise((done, failed) => file.file(done, failed))];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {File[]} */
  const all = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return all.filter((file) => !file.name.startsWith("."));
    for (const each of some) all.push(...(await filesOf(each)));
  }
}

/** @param {DataTransfer} given */
async function dropped(given) {
  const entries = [...given.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return [...given.files];
  const all = await Promise.all(entries.map((entry) => (entry ? filesOf(entry) : [])));
  return all.flat();
}

/** @param {(files: File[]) => void} take */
function takeFiles(take) {
  const zone = el("drop");
  const input = /** @type {HTMLInputElement} */ (el("files"));
  el("pick").onclick = () => input.click();
  input.onchange = () => {
    take([...(input.files ?? [])]);
    input.value = "";
  };
  let depth = 0;
  /** @param {number} by */
  const over = (by) => {
    depth = Math.max(0, by ? depth + by : 0);
    zone.classList.toggle("over", depth > 0);
  };
  addEventListener("dragenter", () => over(1));
  addEventListener("dragleave", () => over(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    over(0);
    if (event.dataTransfer) void dropped(event.dataTransfer).then(take);
  });
}

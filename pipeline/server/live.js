"use strict";
// Hearing of changes as they come; a page that nobody looks at does not listen.

/**
 * @param {number} after number of the change from which to go on
 * @param {Record<string, (said: any) => void>} heard by the kind of a change
 */
function listen(after, heard) {
  /** @type {EventSource | null} */
  let source = null;
  let late = 0;
  const end = () => {
    clearTimeout(late);
    source?.close();
    source = null;
  };
  const begin = () => {
    end();
    const made = new EventSource(`/api/events?after=${after}`);
    source = made;
    for (const [kind, take] of Object.entries(heard)) {
      made.addEventListener(kind, (event) => {
        after = Number(event.lastEventId) || after;
        take(JSON.parse(event.data));
      });
    }
    made.onopen = () => lost("");
    made.onerror = () => {
      late = window.setTimeout(() => lost(NOBODY), 1500);
      if (made.readyState === EventSource.CLOSED) late = window.setTimeout(begin, 3000);
    };
  };
  const seen = () => (document.hidden ? end() : begin());
  document.addEventListener("visibilitychange", seen);
  addEventListener("pagehide", end);
  addEventListener("pageshow", (event) => event.persisted && seen());
  seen();
}

/** Say that nobody answers, or no longer. @param {string} text */
function lost(text) {
  const note = el("lost");
  note.hidden = !text;
  note.textContent = text;
}

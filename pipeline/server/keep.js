"use strict";
// Corrections on their way to the server and back; two windows do not overwrite each other unasked.

/** @typedef {{revision: number, events: Told[], corrected: boolean}} Kept */

class Keeper {
  /**
   * @param {string} film its id @param {Kept} kept @param {Draft} draft
   * @param {(said?: string) => void} changed
   */
  constructor(film, kept, draft, changed) {
    this.path = `/api/videos/${film}/corrections`;
    this.revision = kept.revision;
    this.isCorrected = kept.corrected;
    this.draft = draft;
    this.changed = changed;
    this.isSaving = false;
    this.error = "";
  }

  /** Whether anything could be saved: other events, or the word that those found are right. */
  get isOpen() {
    return !this.isSaving && (this.draft.isChanged || !this.isCorrected);
  }

  /** Save what there is; whether it is saved. */
  async save() {
    if (this.isSaving) return false;
    this.isSaving = true;
    this.error = "";
    this.changed();
    let isSaved = false;
    try {
      isSaved = await this.put();
    } catch (error) {
      this.error = inWords(error);
    }
    this.isSaving = false;
    this.changed(isSaved ? "saved" : "");
    return isSaved;
  }

  /** @returns {Promise<boolean>} */
  async put() {
    const { draft, revision } = this;
    const { events } = draft;
    const sent = events.map(({ label, onset, offset }) => ({ label, onset, offset }));
    try {
      const kept = await call("PUT", this.path, { revision, events: sent });
      this.revision = kept.revision;
      this.isCorrected = true;
      draft.kept = events;
      return true;
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 412) throw error;
    }
    return this.clash();
  }

  /** Somebody was first: the reader says whose events stay. */
  async clash() {
    const theirs = /** @type {Kept} */ (await call("GET", this.path));
    const which = await choice(
      "This film was saved in another window meanwhile",
      `There it has ${several(theirs.events.length, "event")}, here ${this.draft.events.length}. Which shall stay?`,
      ["Keep mine", "Take the others", "Decide later"],
    );
    if (which < 0 || which === 2) {
      this.error = "Not saved: it was saved in another window meanwhile.";
      return false;
    }
    this.revision = theirs.revision;
    if (which === 0) return this.put();
    this.draft.become(theirs.events);
    this.draft.keep();
    this.isCorrected = theirs.corrected;
    return true;
  }

  /** Back to what the model found. */
  async forget() {
    try {
      await call("DELETE", this.path);
      const found = /** @type {Kept} */ (await call("GET", this.path));
      this.revision = found.revision;
      this.isCorrected = false;
      this.draft.become(found.events);
      this.draft.keep();
      this.error = "";
    } catch (error) {
      this.error = inWords(error);
    }
    this.changed();
  }
}

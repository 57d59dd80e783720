"use strict";
// Teaching: the button, how far it is, and the second look at every film.

class Teaching {
  /** @param {() => void} [began] is called when the reader asked for it */
  constructor(began) {
    this.began = began ?? (() => undefined);
    this.button = /** @type {HTMLButtonElement} */ (el("teach"));
    this.said = el("taught");
    this.bar = bar("Teaching");
    this.bar.hidden = true;
    this.said.before(this.bar);
    /** @type {Job | null} */
    this.job = null;
    this.count = 0;
    this.isNews = false;
    this.button.onclick = () => void this.begin();
    this.show();
  }

  /** How many films are corrected, and whether any of it is not taught yet. @param {Film[]} films */
  counted(films) {
    this.count = films.filter((film) => film.corrected).length;
    this.isNews = films.some((film) => film.untaught);
    this.show();
  }

  get isBusy() {
    return this.job !== null && /queued|running/.test(this.job.state);
  }

  show() {
    const { button, count, isBusy, isNews } = this;
    button.textContent = count ? `Teach ${isNews ? "" : "again "}from ${several(count, "corrected film")}` : "Teach";
    button.classList.toggle("go", isNews);
    button.classList.toggle("edge", !isNews);
    button.disabled = !count || isBusy;
  }

  async begin() {
    this.button.disabled = true;
    this.said.className = "";
    try {
      this.take((await call("POST", "/api/teach", {})).job);
      this.began();
    } catch (error) {
      this.said.className = "bad";
      this.said.textContent = inWords(error);
      this.button.disabled = false;
    }
  }

  /** What is heard of a job; whether it is this one. @param {Job} job */
  take(job) {
    if (job.kind !== "teach" || (this.job && this.job.id !== job.id && !/queued|running/.test(job.state))) return false;
    this.job = job;
    this.show();
    const { state, error, progress } = job;
    this.bar.hidden = !this.isBusy;
    fill(this.bar, share(progress));
    this.said.className = state === "failed" ? "bad" : "";
    if (state === "queued") this.said.textContent = "It begins when the film before is done.";
    if (state === "running") this.said.textContent = farness(progress) + ".";
    if (state === "failed") this.said.textContent = `It did not learn. ${sentence(error?.message ?? "")}`;
    if (state === "cancelled") this.said.textContent = "Cancelled; the model is as it was.";
    if (state === "done") this.said.textContent = `Learned. ${job.note ?? ""} Every film is looked through again.`;
    return true;
  }

  /** Films that the new model has been through. @param {number} done @param {number} total */
  again(done, total) {
    this.bar.hidden = done >= total;
    fill(this.bar, total ? done / total : null);
    this.said.textContent = done < total ? `Learned. Looking through every film again: ${done} of ${total}.` : "";
  }
}

"use strict";
// One film of the list: its picture, name, state with its progress inside, and what can be done.

/** Pictures of films that are on the screen; a browser shows only so many at once. */
const inSight = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    const video = /** @type {HTMLVideoElement} */ (target);
    if (isIntersecting && !video.src) video.src = video.dataset["src"] ?? "";
    else if (!isIntersecting && video.src) video.removeAttribute("src"), video.load();
  }
}, { rootMargin: "200px" });

class Card {
  /** @param {string} name of the file */
  constructor(name) {
    this.item = document.createElement("li");
    this.box = made("article", "card film");
    this.picture = made("div", "pic");
    this.title = made("h3", "");
    this.title.textContent = name;
    this.state = made("p", "state");
    this.bar = bar(`${name}: how far`);
    this.more = made("div", "more");
    this.acts = made("div", "acts");
    const text = made("div", "txt");
    text.append(this.title, this.state, this.bar, this.more);
    this.box.append(this.picture, text, this.acts);
    this.item.append(this.box);
    this.key = "";
    this.name = name;
  }

  /** Buttons are made anew only where others are needed, so that none goes away under a finger. @param {string} key @param {() => HTMLElement[]} make */
  buttons(key, make) {
    if (key === this.key) return;
    this.key = key;
    const had = this.acts.contains(document.activeElement);
    this.acts.replaceChildren(...make());
    if (had) /** @type {HTMLElement | null} */ (this.acts.querySelector("button,a"))?.focus();
  }

  /** @param {Upload} upload */
  uploading(upload) {
    const { state, said, file } = upload;
    this.state.textContent = said;
    this.state.className = `state${state === "failed" ? " bad" : ""}`;
    this.bar.hidden = state === "failed";
    fill(this.bar, state === "waiting" ? 0 : file.size ? upload.sent / file.size : null);
    this.buttons(`upload ${state === "failed"}`, () => [
      pressed(state === "failed" ? "Take off the list" : "Cancel", "", () => upload.cancel()),
    ]);
  }

  /** @param {Film} film @param {Job | undefined} job its newest */
  film(film, job) {
    const isBusy = /queued|running/.test(film.state);
    this.state.textContent = stateOf(film, job);
    this.state.className = `state is-${film.state}${film.state === "failed" ? " bad" : ""}`;
    this.bar.hidden = !isBusy;
    fill(this.bar, film.state === "queued" ? 0 : share(job?.progress));
    this.link(film);
    this.about(film, isBusy);
    this.buttons(`${film.state} ${film.corrected} ${film.model}`, () => this.actions(film, isBusy));
    this.preview(film);
  }

  /** @param {Film} film */
  link(film) {
    if (this.title.querySelector("a")) return;
    const link = /** @type {HTMLAnchorElement} */ (made("a", "", this.name));
    link.href = `/videos/${film.id}`;
    this.title.replaceChildren(link);
  }

  /** What is known beside: corrected, and what the model before said. @param {Film} film @param {boolean} isBusy */
  about(film, isBusy) {
    this.more.replaceChildren();
    if (film.corrected) this.more.append(made("span", "chip good", "✓ corrected by you"));
    if (isBusy || !film.before || film.state !== "done") return;
    this.more.append(turned(film));
  }

  /** @param {Film} film @param {boolean} isBusy @returns {HTMLElement[]} */
  actions(film, isBusy) {
    const remove = pressed("Delete", "", () => void this.remove(film));
    const named = (/** @type {HTMLElement} */ button) => {
      button.setAttribute("aria-label", `${button.textContent}: ${this.name}`);
      return button;
    };
    if (isBusy) return [named(pressed("Cancel", "", () => void call("DELETE", `/api/jobs/${film.job}`).catch(told)))];
    const again = pressed("Try again", "", () => void call("POST", `/api/videos/${film.id}/localize`, {}).catch(told));
    const open = /** @type {HTMLAnchorElement} */ (made("a", "b edge", film.corrected ? "Open" : "Open and correct"));
    open.href = `/videos/${film.id}`;
    return [...(film.model ? [open] : [again]), remove].map(named);
  }

  /** @param {Film} film */
  async remove(film) {
    const why = film.corrected
      ? "The film, what was found and your corrections go away here. The file that you dropped stays where you have it."
      : "The film and what was found go away here. The file that you dropped stays where you have it.";
    if ((await choice(`Delete ${film.name}?`, why, ["Delete", "Keep it"])) !== 0) return;
    try {
      await call("DELETE", `/api/videos/${film.id}`);
    } catch (error) {
      told(error);
    }
  }

  /** @param {Film} film */
  preview(film) {
    if (this.picture.firstChild || !film.model) return;
    const video = document.createElement("video");
    video.muted = true;
    video.preload = "metadata";
    video.tabIndex = -1;
    video.setAttribute("aria-hidden", "true");
    video.dataset["src"] = `/api/videos/${film.id}/media#t=${Math.min(1, film.seconds / 2).toFixed(1)}`;
    video.onerror = () => video.classList.add("none");
    this.picture.append(video);
    if (film.seconds) this.picture.append(made("b", "", clock(film.seconds, 0)));
    inSight.observe(video);
  }
}

/** Before and after, in two lines. @param {Film} film */
function turned({ before, model, summary }) {
  const list = made("dl", "turned");
  if (!before) return list;
  if (!before.changed) {
    list.append(made("dt", "", `${model}`), made("dd", "", `finds the same as ${before.model}`));
    return list;
  }
  list.append(made("dt", "", `before (${before.model})`), made("dd", "was", before.summary));
  list.append(made("dt", "", `now (${model})`), made("dd", "", before.summary === summary ? `${summary} At other times.` : summary));
  return list;
}

/** @param {unknown} error */
function told(error) {
  lost(inWords(error));
}

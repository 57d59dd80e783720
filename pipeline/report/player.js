"use strict";
// The clock of the page: the video where there is one that plays, else a position that is set.

class Player {
  /** @param {Data} data @param {() => void} moved is called whenever the time is another */
  constructor(data, moved) {
    this.video = /** @type {HTMLVideoElement | null} */ (document.getElementById("video"));
    this.data = data;
    this.duration = data.duration;
    this.position = 0;
    this.moved = moved;
    this.frame = 0;
    if (this.video) this.listen(this.video);
    this.buttons();
  }

  get time() {
    return this.video ? this.video.currentTime : this.position;
  }

  get playing() {
    return this.video !== null && !this.video.paused;
  }

  /** @param {HTMLVideoElement} video */
  listen(video) {
    video.controls = false;
    video.onclick = () => this.toggle();
    video.onplay = video.onpause = video.onended = () => this.follow();
    video.onseeked = video.ontimeupdate = video.onloadedmetadata = () => this.moved();
    const failed = () => this.give_up();
    if (video.error) failed();
    else video.addEventListener("error", failed, { once: true });
    video.querySelector("source")?.addEventListener("error", failed, { once: true });
  }

  /** What the browser cannot play is said, and the page goes on with the pictures that it has. */
  give_up() {
    this.position = this.time;
    this.video?.remove();
    this.video = null;
    document.body.classList.add("mute");
    const why = document.getElementById("cannot");
    if (why) why.hidden = false;
    for (const id of ["play", "mute", "captions", "full", "rate"]) el(id).hidden = true;
    this.moved();
  }

  follow() {
    const path = this.playing ? "M6 4h4v16H6zM14 4h4v16h-4z" : "M7 4v16l13-8z";
    el("play").setAttribute("aria-label", this.playing ? "Pause" : "Play");
    el("play").querySelector("path")?.setAttribute("d", path);
    cancelAnimationFrame(this.frame);
    const tick = () => {
      this.moved();
      if (this.playing) this.frame = requestAnimationFrame(tick);
    };
    tick();
  }

  /** @param {number} seconds */
  seek(seconds) {
    this.position = Math.max(0, Math.min(this.duration - 0.01, seconds));
    if (this.video) this.video.currentTime = this.position;
    this.moved();
  }

  toggle() {
    if (this.playing) this.video?.pause();
    else void this.video?.play();
  }

  mute() {
    if (!this.video) return;
    this.video.muted = !this.video.muted;
    el("mute").setAttribute("aria-pressed", String(this.video.muted));
  }

  captions() {
    if (!this.video) return;
    const texts = this.video.textTracks[0] ?? this.subtitles(this.video);
    texts.mode = texts.mode === "showing" ? "hidden" : "showing";
    el("captions").setAttribute("aria-pressed", String(texts.mode === "showing"));
  }

  /** The events as captions, made when they are first asked for. @param {HTMLVideoElement} video */
  subtitles(video) {
    const texts = video.addTextTrack("captions", "events", "en");
    texts.mode = "hidden";
    const { data } = this;
    this.caption(data.found.map(([onset, offset, label]) => ({ onset, offset, label: data.labels[label] ?? "" })));
    return texts;
  }

  /** Captions in the place of those that are there. @param {{onset: number, offset: number, label: string}[]} rows */
  caption(rows) {
    const texts = this.video?.textTracks[0];
    if (!texts) return;
    for (const cue of [...(texts.cues ?? [])]) texts.removeCue(cue);
    for (const { onset, offset, label } of rows) {
      texts.addCue(new VTTCue(onset, offset, label.replace(/[<&]/g, " ")));
    }
  }

  full() {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.video?.requestFullscreen?.();
  }

  buttons() {
    if (!this.video) {
      for (const id of ["play", "mute", "captions", "full", "rate"]) el(id).hidden = true;
      return;
    }
    el("play").onclick = () => this.toggle();
    el("mute").onclick = () => this.mute();
    el("captions").onclick = () => this.captions();
    el("full").onclick = () => this.full();
    el("rate").onchange = (event) => {
      if (this.video) this.video.playbackRate = Number(/** @type {HTMLSelectElement} */ (event.target).value);
    };
  }
}

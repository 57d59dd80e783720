"use strict";
// A film on its way to the server: in portions, and from where it broke off.

const PORTION = 8 << 20;
const LONGEST_WAIT = 15;

class Upload {
  /** @param {File} file @param {(upload: Upload) => void} changed is called whenever something is another */
  constructor(file, changed) {
    this.file = file;
    this.changed = changed;
    this.key = `avel ${file.name} ${file.size} ${file.lastModified}`;
    this.id = "";
    this.sent = 0;
    this.state = "waiting";
    this.error = "";
    /** @type {Film | null} */
    this.film = null;
    /** @type {XMLHttpRequest | null} */
    this.asking = null;
  }

  get said() {
    const some = `${size(this.sent)} of ${size(this.file.size)}`;
    if (this.state === "waiting") return "Waiting to be uploaded";
    if (this.state === "lost") return `The connection is lost at ${some}; it goes on by itself.`;
    if (this.state === "failed") return `Not taken. ${this.error}`;
    return `Uploading: ${some}`;
  }

  /** @param {string} state */
  become(state) {
    if (this.state === "gone") return;
    this.state = state;
    this.changed(this);
  }

  async run() {
    for (let tries = 0; !this.isOver; tries++) {
      try {
        this.become("sending");
        await this.begin();
        await this.go();
      } catch (error) {
        const refused = error instanceof Refused ? error : new Refused(0, "", inWords(error));
        if (refused.status && refused.status !== 429 && refused.status !== 409 && refused.status < 500) this.fail(refused);
        else if (!this.isOver) await this.pause(refused.wait || Math.min(LONGEST_WAIT, 2 ** tries / 2));
      }
    }
  }

  get isOver() {
    return ["done", "failed", "gone"].includes(this.state);
  }

  /** @param {Refused} refused */
  fail(refused) {
    this.error = refused.message;
    localStorage.removeItem(this.key);
    this.become("failed");
  }

  /** Until it may be tried again, or the browser is on a network again. @param {number} seconds */
  pause(seconds) {
    this.become("lost");
    return new Promise((done) => {
      setTimeout(done, seconds * 1000);
      addEventListener("online", done, { once: true });
    });
  }

  /** Ask how much is there, where something is. */
  async begin() {
    const known = this.id || localStorage.getItem(this.key);
    if (known) {
      try {
        this.take(await call("GET", `/api/uploads/${known}`));
        return;
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 404) throw error;
        localStorage.removeItem(this.key);
      }
    }
    this.take(await call("POST", "/api/uploads", { name: this.file.name, bytes: this.file.size }));
    localStorage.setItem(this.key, this.id);
  }

  /** @param {{upload: {id: string, received: number}, video?: Film}} said */
  take({ upload, video }) {
    this.id = upload.id;
    this.sent = upload.received;
    if (!video) return;
    this.film = video;
    localStorage.removeItem(this.key);
    this.become("done");
  }

  async go() {
    while (this.state === "sending") {
      const from = this.sent;
      this.take(await this.send(this.file.slice(from, from + PORTION), from));
      this.changed(this);
    }
  }

  /** One portion; fetch does not say how much of it has gone. @param {Blob} part @param {number} from @returns {Promise<any>} */
  send(part, from) {
    return new Promise((done, failed) => {
      const asking = new XMLHttpRequest();
      this.asking = asking;
      asking.open("PATCH", `/api/uploads/${this.id}`);
      asking.setRequestHeader("Upload-Offset", String(from));
      asking.setRequestHeader("Content-Type", "application/offset+octet-stream");
      asking.upload.onprogress = (event) => {
        this.sent = from + Math.min(event.loaded, part.size);
        this.changed(this);
      };
      asking.onload = () => {
        try {
          done(read(asking.status, asking.responseText, Number(asking.getResponseHeader("Retry-After")) || 0));
        } catch (error) {
          failed(error);
        }
      };
      asking.onerror = asking.onabort = () => failed(new Refused(0, "NOBODY", NOBODY));
      asking.send(part);
    });
  }

  /** Give it up; what the server has of it goes too. */
  cancel() {
    this.state = "gone";
    this.asking?.abort();
    localStorage.removeItem(this.key);
    if (this.id && !this.film) call("DELETE", `/api/uploads/${this.id}`).catch(() => undefined);
    this.changed(this);
  }
}

/** Runs uploads, some at once, in their order. */
class Uploads {
  /** @param {(upload: Upload) => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {Upload[]} */
    this.waiting = [];
    this.running = 0;
  }

  /** @param {File} file */
  add(file) {
    const upload = new Upload(file, this.changed);
    this.waiting.push(upload);
    this.changed(upload);
    void this.next();
  }

  async next() {
    if (this.running >= 2) return;
    const upload = this.waiting.shift();
    if (!upload) return;
    this.running++;
    if (upload.state === "waiting") await upload.run();
    this.running--;
    void this.next();
  }
}

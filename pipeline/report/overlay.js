"use strict";
// Over the player: where the sound is, while there is an event; a still where no video plays.

class Overlay {
  /** @param {Data} data @param {Player} player @param {Lanes} lanes */
  constructor(data, player, lanes) {
    this.data = data;
    this.player = player;
    this.lanes = lanes;
    this.canvas = /** @type {HTMLCanvasElement} */ (el("overlay"));
    this.weights = bytes(data.attention?.weights ?? "");
    this.on = data.attention !== null;
    this.drawn = "";
    const button = el("attention");
    button.hidden = !data.attention;
    button.onclick = () => this.toggle();
    if (data.attention) this.spot = document.createElement("canvas");
  }

  toggle() {
    this.on = !this.on && this.data.attention !== null;
    el("attention").setAttribute("aria-pressed", String(this.on));
    this.draw();
  }

  /** Where the picture lies in its box, which may be wider or higher than it. */
  box() {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const { video } = this.player;
    const p = this.data.pictures;
    const shape = video?.videoWidth ? video.videoWidth / video.videoHeight : p ? p.width / p.height : 16 / 9;
    const [wide, high] = width / height > shape ? [height * shape, height] : [width, width / shape];
    return { x: (width - wide) / 2, y: (height - high) / 2, wide, high };
  }

  draw() {
    const { canvas } = this;
    const second = Math.floor(this.player.time);
    const isEvent = (this.lanes.rows["found"] ?? []).some(
      (row) => this.player.time >= row.onset && this.player.time < row.offset);
    const look = this.on && isEvent && this.data.attention ? second : -1;
    const still = this.player.video ? -1 : this.picture();
    const key = `${look} ${still} ${canvas.clientWidth} ${canvas.clientHeight} ${this.lanes.film !== null}`;
    if (key === this.drawn) return;
    this.drawn = key;
    [canvas.width, canvas.height] = [canvas.clientWidth, canvas.clientHeight];
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const box = this.box();
    const p = this.data.pictures;
    if (still >= 0 && p && this.lanes.film) {
      pen.drawImage(this.lanes.film, (still % p.columns) * p.width, Math.floor(still / p.columns) * p.height,
        p.width, p.height, box.x, box.y, box.wide, box.high);
    }
    if (look >= 0) this.attend(pen, box, look);
  }

  picture() {
    const p = this.data.pictures;
    return p ? Math.min(p.num - 1, Math.floor(this.player.time / p.step)) : -1;
  }

  /**
   * The more the model looks at a place, the less it is veiled.
   * @param {CanvasRenderingContext2D} pen @param {{x: number, y: number, wide: number, high: number}} box
   * @param {number} second
   */
  attend(pen, box, second) {
    const a = this.data.attention;
    const spot = this.spot;
    if (!a || !spot) return;
    const num = a.side * a.side;
    const at = Math.min(second, this.weights.length / num - 1) * num;
    [spot.width, spot.height] = [a.side, a.side];
    const image = new ImageData(a.side, a.side);
    for (let i = 0; i < num; i++) {
      const weight = this.weights[at + i] ?? 0;
      image.data.set([255, 90, 20, weight * 0.62], i * 4);
    }
    spot.getContext("2d")?.putImageData(image, 0, 0);
    let { x, y, wide, high } = box;
    if (a.crop) {
      const side = Math.min(wide, high);
      [x, y, wide, high] = [x + (wide - side) / 2, y + (high - side) / 2, side, side];
    }
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(spot, x, y, wide, high);
  }
}

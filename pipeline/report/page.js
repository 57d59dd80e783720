const player = document.getElementById("player");
const timeline = document.getElementById("timeline");
const cursor = document.getElementById("cursor");
const duration = Number(document.body.dataset.duration);
const width = 960;
const seek = (seconds) => { if (player) { player.currentTime = seconds; player.play(); } };
document.querySelectorAll("[data-seek]").forEach((button) =>
  button.addEventListener("click", () => seek(Number(button.dataset.seek))));
if (player && timeline) {
  player.addEventListener("timeupdate", () => {
    const x = player.currentTime / duration * width;
    cursor.setAttribute("x1", x); cursor.setAttribute("x2", x);
  });
  timeline.addEventListener("click", (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(timeline.getScreenCTM().inverse());
    seek(Math.max(0, Math.min(duration, point.x / width * duration)));
  });
}

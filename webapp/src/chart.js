// The probabilities of the last seconds, one line for each emotion.

import { colourOf } from "./cards.js";
import { cleared } from "./marks.js";
import { percent } from "./words.js";

const SECONDS = 10;
const GAP = 1000; // ms without a face from which on a line is interrupted

export class History {
  #moments = [];

  /** Add what a face shows now; `bars` as in `words.describe`. */
  add(time, bars) {
    this.#moments.push({ time, bars });
    while (this.#moments[0].time < time - SECONDS * 1000) this.#moments.shift();
  }

  clear() {
    this.#moments = [];
  }

  get length() {
    return this.#moments.length;
  }

  /** Draw all lines up to a time into a canvas. */
  draw(canvas, now) {
    const context = cleared(canvas);
    const { width, height } = canvas.getBoundingClientRect();
    const style = getComputedStyle(document.documentElement);
    grid(context, width, height, style);
    const last = this.#moments.at(-1);
    if (!last) return;
    const x = (time) => width - 8 - ((now - time) / (SECONDS * 1000)) * (width - 46);
    const y = (share) => height - 10 - share * (height - 22);
    last.bars.forEach(({ name }, i) => {
      context.beginPath();
      let before = -Infinity;
      for (const { time, bars } of this.#moments) {
        const go = time - before > GAP ? "moveTo" : "lineTo";
        if (bars[i]) context[go](x(time), y(bars[i].share));
        before = time;
      }
      context.strokeStyle = colourOf(name, style);
      context.lineWidth = 2;
      context.lineJoin = "round";
      context.stroke();
    });
    const top = last.bars.reduce((best, bar) => (bar.share > best.share ? bar : best));
    const label = `Probabilities of the last ten seconds; now ${top.name} ${percent(top.share)}%`;
    canvas.setAttribute("aria-label", label);
  }
}

function grid(context, width, height, style) {
  context.strokeStyle = style.getPropertyValue("--line");
  context.fillStyle = style.getPropertyValue("--soft");
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const share of [0, 0.5, 1]) {
    const y = Math.round(height - 10 - share * (height - 22)) + 0.5;
    context.beginPath();
    context.moveTo(38, y);
    context.lineTo(width - 8, y);
    context.stroke();
    context.fillText(`${share * 100}%`, 6, y);
  }
}

// Boxes over the picture, each with its number and what it looks like.

import { colourOf } from "./cards.js";
import { percent } from "./words.js";

/**
 * Draw the faces' boxes over a picture or video element.
 *
 * `size` is {width, height} of the picture in its own pixels; `mirrored` where it is shown so.
 */
export function mark(canvas, shown, size, faces, mirrored = false) {
  const context = cleared(canvas);
  if (!shown || !faces.length) return;
  const place = placeOf(canvas, shown, size);
  const style = getComputedStyle(document.documentElement);
  const placed = faces.map((face, i) => ({
    face,
    i,
    box: toShown(face.box, place, size, mirrored),
  }));
  for (const { face, box } of placed) outline(context, box, colourOf(face.said.name, style));
  // Labels come last: of faces side by side none hides another's.
  for (const { face, i, box } of placed) label(context, canvas, box, textOf(face, i, box, faces));
}

/** Remove all marks, and fit the canvas to the place that it has; return its context. */
export function cleared(canvas) {
  const ratio = devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return context;
}

// The element may be wider or higher than the picture in it.
function placeOf(canvas, shown, size) {
  const outer = canvas.getBoundingClientRect();
  const inner = shown.getBoundingClientRect();
  const scale = Math.min(inner.width / size.width, inner.height / size.height);
  return {
    scale,
    left: inner.left - outer.left + (inner.width - size.width * scale) / 2,
    top: inner.top - outer.top + (inner.height - size.height * scale) / 2,
  };
}

function toShown([x, y, width, height], { scale, left, top }, size, mirrored) {
  const start = mirrored ? size.width - x - width : x;
  return [left + start * scale, top + y * scale, width * scale, height * scale];
}

function outline(context, [x, y, width, height], colour) {
  const radius = Math.min(10, width / 6);
  for (const [line, stroke] of [
    [5, "rgb(0 0 0 / 55%)"],
    [2.5, colour],
  ]) {
    context.beginPath();
    context.roundRect(x, y, width, height, radius);
    context.lineWidth = line;
    context.strokeStyle = stroke;
    context.stroke();
  }
}

function textOf(face, i, box, faces) {
  const { name, share } = face.said;
  if (faces.length > 1 && box[2] < 74) return `${i + 1}`;
  const number = faces.length > 1 ? `${i + 1}  ` : "";
  return `${number}${name} ${percent(share)}%`;
}

function label(context, canvas, [x, y, , height], text) {
  context.font = "600 13px system-ui, sans-serif";
  const width = context.measureText(text).width + 14;
  const bounds = canvas.getBoundingClientRect();
  const left = Math.min(Math.max(x, 2), bounds.width - width - 2);
  const above = y - 25;
  const top = above > 2 ? above : Math.min(y + height + 4, bounds.height - 24);
  context.beginPath();
  context.roundRect(left, top, width, 21, 6);
  context.fillStyle = "rgb(12 15 20 / 82%)";
  context.fill();
  context.fillStyle = "#fff";
  context.textBaseline = "middle";
  context.fillText(text, left + 7, top + 11);
}

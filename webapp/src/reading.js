// From a picture to its faces: where, which crop, which probabilities, how long it took.

import { resized, square, toGrey } from "./crop.js";

/**
 * Return {faces, detectMs, classifyMs} of a canvas.
 *
 * `whole` takes the whole picture for one face; `thorough` looks for small faces too.
 */
export async function read(canvas, { find, network, whole = false, thorough = false }) {
  const start = performance.now();
  const boxes = whole
    ? [[0, 0, canvas.width, canvas.height]]
    : (await find(canvas, thorough)).map((face) => face.box);
  const found = performance.now();
  const { margin } = network.about.crop;
  const { size } = network.about.input;
  const crops = boxes.map((box) => cropOf(canvas, box, margin, size));
  const probabilities = await network.classify(crops);
  const done = performance.now();
  const faces = boxes.map((box, i) => ({ box, crop: crops[i], probabilities: probabilities[i] }));
  return { faces, detectMs: found - start, classifyMs: done - found };
}

/** Return the size x size grey pixels of a face, as Python cuts them. */
export function cropOf(canvas, box, margin, size) {
  const place = square(box, canvas.width, canvas.height, margin);
  // Only the pixels inside are read; what sticks out repeats the edge.
  const left = Math.max(place.left, 0);
  const top = Math.max(place.top, 0);
  const width = Math.min(place.left + place.side, canvas.width) - left;
  const height = Math.min(place.top + place.side, canvas.height) - top;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const grey = toGrey(context.getImageData(left, top, width, height).data);
  const inPart = { left: place.left - left, top: place.top - top, side: place.side };
  return resized(grey, width, height, inPart, size);
}

// From the detector's networks' numbers to boxes of faces.

// A network looks at a square picture of `side` pixels. For each place of a grid, `strides` apart,
// it gives `anchors` answers, one grid after the other.
//
// `width`, `height` and `lift` bring its boxes to the extent of those that the network's crops
// were cut by in Python: medians over 190 photographs, beside MTCNN (docs/results/webpage.md).
export const SHORT = {
  file: "detector/short.onnx",
  side: 128,
  grids: [
    { stride: 8, anchors: 2 },
    { stride: 16, anchors: 6 },
  ],
  width: 1 / 1.133,
  height: 1 / 0.867,
  lift: 0.073 / 0.867,
};
export const FULL = {
  file: "detector/full.onnx",
  side: 192,
  grids: [{ stride: 4, anchors: 1 }],
  width: 1 / 1.105,
  height: 1 / 0.834,
  lift: 0.033 / 0.834,
};

/** Return the middles of all anchors, x and y as shares of the picture's side. */
export function anchors({ side, grids }) {
  const middles = [];
  for (const { stride, anchors: each } of grids) {
    const n = Math.ceil(side / stride);
    for (let i = 0; i < n * n * each; i++) {
      const place = Math.floor(i / each);
      middles.push([((place % n) + 0.5) / n, (Math.floor(place / n) + 0.5) / n]);
    }
  }
  return middles;
}

/**
 * Return the faces {box: [x, y, width, height], score} that a network's numbers tell.
 *
 * `frame` is the square {left, top, side} of the photograph that the network was shown.
 */
export function decode(network, middles, numbers, scores, frame, threshold) {
  const faces = [];
  const least = Math.log(threshold / (1 - threshold));
  const { side } = network;
  for (let i = 0; i < middles.length; i++) {
    if (scores[i] < least) continue;
    const [dx, dy, w, h] = numbers.subarray(i * 16, i * 16 + 4);
    const width = (w / side) * frame.side * network.width;
    const height = (h / side) * frame.side * network.height;
    const x = frame.left + (dx / side + middles[i][0]) * frame.side;
    const y = frame.top + (dy / side + middles[i][1] - (h / side) * network.lift) * frame.side;
    faces.push({
      box: [x - width / 2, y - height / 2, width, height],
      score: 1 / (1 + Math.exp(-scores[i])),
    });
  }
  return faces;
}

/** Return the faces without those that show one that is kept already; the first ones stay. */
export function distinct(faces) {
  const kept = [];
  for (const face of faces) {
    if (kept.every((other) => !same(face.box, other.box))) kept.push(face);
  }
  return kept;
}

/** Return faces as one reads: row by row, each from left to right. */
export function inReadingOrder(faces) {
  const rows = [];
  for (const face of [...faces].sort((a, b) => a.box[1] - b.box[1])) {
    const row = rows.at(-1);
    // Side by side with the highest of a row, were it but a little.
    if (row && face.box[1] < row[0].box[1] + row[0].box[3]) row.push(face);
    else rows.push([face]);
  }
  return rows.flatMap((row) => row.sort((a, b) => a.box[0] - b.box[0]));
}

// Of a small box in a large one the union is large too: so their part of the smaller counts.
function same(a, b) {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return false;
  const shared = width * height;
  const areas = [a[2] * a[3], b[2] * b[3]];
  return shared > 0.3 * (areas[0] + areas[1] - shared) || shared > 0.6 * Math.min(...areas);
}

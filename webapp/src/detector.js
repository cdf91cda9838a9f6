// Where the faces are in a picture.

import { anchors, decode, distinct, FULL, inReadingOrder, SHORT } from "./boxes.js";
import { session, tensor } from "./runtime.js";

const BELIEVED = 0.5; // the score from which on something is a face
const TILED = 480; // pixels of the longer side from which on a photograph is searched in parts too

/**
 * Load both networks; return find(canvas, thorough). Where it is thorough, faces come as one reads;
 * else the largest comes first: that is whom a camera is for.
 */
export async function load() {
  const [short, full] = await Promise.all([SHORT, FULL].map(open));
  return async (canvas, thorough = false) => {
    const whole = frameOf(canvas);
    // The first network's boxes come first: a face that both see must not jump between them.
    const found = [await short(canvas, whole), await full(canvas, whole)];
    if (thorough) {
      for (const frame of tiles(canvas)) found.push(await full(canvas, frame));
    }
    const inOrder = found.flatMap((faces) => faces.sort((a, b) => b.score - a.score));
    const faces = distinct(inOrder.filter(({ box }) => inside(box, canvas)));
    if (thorough) return inReadingOrder(faces);
    return faces.sort((a, b) => b.box[2] * b.box[3] - a.box[2] * a.box[3]);
  };
}

async function open(network) {
  const run = await session(network.file);
  const middles = anchors(network);
  const { side } = network;
  const small = new OffscreenCanvas(side, side);
  const context = small.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  const input = run.inputNames[0];
  return async (canvas, frame) => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, side, side);
    const scale = side / frame.side;
    context.setTransform(scale, 0, 0, scale, -frame.left * scale, -frame.top * scale);
    context.drawImage(canvas, 0, 0);
    context.resetTransform();
    const values = toValues(context.getImageData(0, 0, side, side).data);
    const answers = await run.run({ [input]: tensor(values, [1, side, side, 3]) });
    const [numbers, scores] = Object.values(answers).sort((a, b) => b.size - a.size);
    return decode(network, middles, numbers.data, scores.data, frame, BELIEVED);
  };
}

// RGB from -1 to 1.
function toValues(rgba) {
  const values = new Float32Array((rgba.length / 4) * 3);
  for (let i = 0, j = 0; i < rgba.length; i += 4) {
    values[j++] = rgba[i] / 127.5 - 1;
    values[j++] = rgba[i + 1] / 127.5 - 1;
    values[j++] = rgba[i + 2] / 127.5 - 1;
  }
  return values;
}

// The smallest square around the whole picture, which stays in its middle.
function frameOf({ width, height }) {
  const side = Math.max(width, height);
  return { left: (width - side) / 2, top: (height - side) / 2, side };
}

// Squares of half and a third of the longer side, each overlapping the next: what is small in the
// whole picture is large enough in one of them.
function* tiles({ width, height }) {
  const longer = Math.max(width, height);
  for (const part of [2, 3]) {
    if (longer < (TILED * part) / 2) continue;
    const side = Math.ceil((longer / part) * 1.25);
    for (const top of starts(height, side)) {
      for (const left of starts(width, side)) yield { left, top, side };
    }
  }
}

function starts(extent, side) {
  const n = Math.ceil((extent - side) / (side * 0.75)) + 1;
  if (n <= 1) return [(extent - side) / 2];
  return Array.from({ length: n }, (_, i) => ((extent - side) * i) / (n - 1));
}

// A face whose middle is outside the picture cannot be cut out of it.
function inside([x, y, width, height], canvas) {
  const [middleX, middleY] = [x + width / 2, y + height / 2];
  return middleX > 0 && middleY > 0 && middleX < canvas.width && middleY < canvas.height;
}

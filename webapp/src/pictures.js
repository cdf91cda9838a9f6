// Files as canvases: upright, opaque, of bearable size; or a sentence that says why not.

import { factorFor, reduced } from "./reduce.js";
import { Told } from "./told.js";

const LARGEST = 16e6; // pixels that are read, as in Python; a larger picture is made smaller
const STRIP = 4e6; // pixels that are made smaller at a time: all at once would double the memory
const OPENED = 120e6; // pixels that are opened at all: more would take the tab's memory

/** Return {canvas, notes}: a picture file on white, and what was done to it. */
export async function open(file) {
  if (!file.size) throw new Told("This file is empty: it has 0 bytes. Choose another one.");
  const shown = await dimensions(file);
  if (shown.width * shown.height > OPENED) {
    throw new Told(
      `This picture is too large (${megapixels(shown)} megapixels): ` +
        `the page opens up to ${OPENED / 1e6}. Make it smaller first.`,
    );
  }
  const bitmap = await decoded(file);
  const notes = [];
  const factor = factorFor(bitmap.width, bitmap.height, LARGEST);
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(bitmap.width / factor);
  canvas.height = Math.ceil(bitmap.height / factor);
  if (factor > 1) {
    notes.push(`Scaled down from ${megapixels(bitmap)} to ${megapixels(canvas)} megapixels.`);
    drawReduced(bitmap, canvas, factor);
  } else {
    draw(bitmap, canvas);
  }
  if (await isAnimated(file)) notes.push("Of an animated picture the first frame is read.");
  bitmap.close();
  return { canvas, notes };
}

// Not by drawImage, which every browser does in its own way: strip by strip, as Python does.
function drawReduced(bitmap, canvas, factor) {
  const { width, height } = bitmap;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const rows = factor * Math.max(1, Math.floor(STRIP / width / factor));
  const strip = new OffscreenCanvas(width, rows);
  const whole = strip.getContext("2d", { willReadFrequently: true });
  whole.fillStyle = "#fff";
  for (let top = 0; top < height; top += rows) {
    const n = Math.min(rows, height - top);
    whole.fillRect(0, 0, width, n);
    whole.drawImage(bitmap, 0, top, width, n, 0, 0, width, n);
    const pixels = reduced(whole.getImageData(0, 0, width, n).data, width, n, factor);
    context.putImageData(new ImageData(pixels, canvas.width), 0, top / factor);
  }
}

/** Draw a picture over all of a canvas; what is transparent becomes white. */
export function draw(source, canvas) {
  // Kept in memory, not on the graphics card: its pixels must come back as they went in.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
}

// The size is known before the pixels are unpacked.
async function dimensions(file) {
  const url = URL.createObjectURL(file);
  const image = new Image();
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = reject;
      image.src = url;
    });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function decoded(file) {
  try {
    // Upright by its EXIF; colours as stored, as Python reads them.
    return await createImageBitmap(file, {
      imageOrientation: "from-image",
      colorSpaceConversion: "none",
    });
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file, error) {
  const name = file.name ? `“${file.name}”` : "This";
  return new Told(
    `${name} cannot be read as a picture: it is none, it is damaged or cut short, or this ` +
      "browser does not know its format. JPEG, PNG and WebP work everywhere.",
    error,
  );
}

async function isAnimated(file) {
  if (!globalThis.ImageDecoder || !(await ImageDecoder.isTypeSupported(file.type))) return false;
  const decoder = new ImageDecoder({ data: await file.arrayBuffer(), type: file.type });
  try {
    await decoder.tracks.ready;
    return decoder.tracks.selectedTrack?.animated ?? false;
  } catch {
    return false;
  } finally {
    decoder.close();
  }
}

function megapixels({ width, height }) {
  return Math.round((width * height) / 1e6);
}

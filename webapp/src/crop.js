// What a face's box becomes: grey, a square, 48x48. The same numbers as in Python, pixel by
// pixel (docs/crop.md); everything here is plain arithmetic, so that it also runs in Node.

const fround = Math.fround;

/** Return the grey of RGBA pixels: ITU-R 601 in the fixed point of Pillow. */
export function toGrey(rgba) {
  const grey = new Uint8Array(rgba.length / 4);
  for (let i = 0, j = 0; i < grey.length; i++, j += 4) {
    grey[i] = (19595 * rgba[j] + 38470 * rgba[j + 1] + 7471 * rgba[j + 2] + 32768) >> 16;
  }
  return grey;
}

/**
 * Return the square to cut around a box [x, y, width, height] as {left, top, side}.
 *
 * It lies in the photograph where it can: first the margin gives way, then the square moves. Only
 * where the face is longer than the photograph is wide (or the other way round) does it stick out.
 */
export function square(box, width, height, margin) {
  const left = Math.max(box[0], 0);
  const right = Math.min(box[0] + box[2], width);
  const top = Math.max(box[1], 0);
  const bottom = Math.min(box[1] + box[3], height);
  if (!(right > left && bottom > top)) return null;
  const longer = Math.max(right - left, bottom - top);
  const room = Math.max(longer, Math.min(width, height));
  const side = Math.max(roundHalfEven(Math.min(longer * (1 + 2 * margin), room)), 1);
  return {
    left: moved(left + (right - left - side) / 2, side, width),
    top: moved(top + (bottom - top - side) / 2, side, height),
    side,
  };
}

function moved(start, side, extent) {
  if (side > extent) return Math.floor((extent - side) / 2);
  return Math.min(Math.max(roundHalfEven(start), 0), extent - side);
}

/**
 * Return the size x size pixels of a square {left, top, side} of a grey image; beyond the image
 * its edge pixels repeat. The square itself is never stored: of a picture 60,000 pixels long and
 * 100 wide it would take gigabytes.
 */
export function resized(grey, width, height, { left, top, side }, size) {
  const columns = inside(left, side, width);
  const rows = inside(top, side, height).map((row) => row * width);
  if (side > size) return shrink(grey, rows, columns, size);
  if (side < size) return enlarge(grey, rows, columns, size);
  const out = new Uint8Array(size * size);
  rows.forEach((row, y) =>
    columns.forEach((column, x) => (out[y * size + x] = grey[row + column])),
  );
  return out;
}

// Where each row or column of the square is in the image.
function inside(start, side, extent) {
  return Int32Array.from({ length: side }, (_, i) => Math.min(Math.max(start + i, 0), extent - 1));
}

// OpenCV's INTER_AREA. Its sums are float32, and whole factors take a way of their own.
function shrink(grey, rows, columns, to) {
  const from = rows.length;
  const scale = 1 / (to / from);
  const whole = Math.round(scale);
  if (Math.abs(scale - whole) < Number.EPSILON) return shrinkWhole(grey, rows, columns, to, whole);
  const parts = areas(from, to, scale);
  const out = new Uint8Array(to * to);
  const row = new Float32Array(to);
  const sum = new Float32Array(to);
  let before = null; // the row that is summed up: where the edge repeats, once is enough
  for (let y = 0; y < to; y++) {
    sum.fill(0);
    for (const [source, share] of parts[y]) {
      if (rows[source] !== before) across(grey, rows[source], columns, parts, row);
      before = rows[source];
      for (let x = 0; x < to; x++) sum[x] += fround(share * row[x]);
    }
    for (let x = 0; x < to; x++) out[y * to + x] = roundHalfEven(sum[x]);
  }
  return out;
}

function across(grey, start, columns, parts, row) {
  row.fill(0);
  for (let x = 0; x < row.length; x++) {
    for (const [column, part] of parts[x]) row[x] += fround(grey[start + columns[column]] * part);
  }
}

function shrinkWhole(grey, rows, columns, to, factor) {
  const out = new Uint8Array(to * to);
  const scale = fround(1 / (factor * factor));
  const row = new Float64Array(to);
  const sum = new Float64Array(to);
  let before = null;
  for (let y = 0; y < to; y++) {
    sum.fill(0);
    for (let j = 0; j < factor; j++) {
      const start = rows[y * factor + j];
      if (start !== before) acrossWhole(grey, start, columns, factor, row);
      before = start;
      for (let x = 0; x < to; x++) sum[x] += row[x];
    }
    for (let x = 0; x < to; x++) {
      // Halving rounds halves up, all else to even: OpenCV has two routines.
      out[y * to + x] = factor === 2 ? (sum[x] + 2) >> 2 : roundHalfEven(fround(sum[x] * scale));
    }
  }
  return out;
}

function acrossWhole(grey, start, columns, factor, row) {
  for (let x = 0; x < row.length; x++) {
    row[x] = 0;
    for (let i = 0; i < factor; i++) row[x] += grey[start + columns[x * factor + i]];
  }
}

// For each result pixel the source pixels that it covers, each with its share.
function areas(from, to, scale) {
  return Array.from({ length: to }, (_, i) => {
    const start = i * scale;
    const end = start + scale;
    const cell = Math.min(scale, from - start);
    const last = Math.min(Math.floor(end), from - 1);
    const first = Math.min(Math.ceil(start), last);
    const parts = [];
    if (first - start > 1e-3) parts.push([first - 1, fround((first - start) / cell)]);
    for (let s = first; s < last; s++) parts.push([s, fround(1 / cell)]);
    const rest = end - last;
    if (rest > 1e-3) parts.push([last, fround(Math.min(rest, 1, cell) / cell)]);
    return parts;
  });
}

// OpenCV's INTER_LINEAR for bytes: weights of 11 bits, and the shifts of its vector code.
function enlarge(grey, rows, columns, to) {
  const from = rows.length;
  const scale = 1 / (to / from);
  const taps = Array.from({ length: to }, (_, i) => {
    const at = fround((i + 0.5) * scale - 0.5);
    const start = Math.floor(at);
    const share = fround(at - start);
    return [start, roundHalfEven(fround(fround(1 - share) * 2048)), roundHalfEven(share * 2048)];
  });
  const kept = (i) => Math.min(Math.max(i, 0), from - 1);
  const wide = Array.from(rows, (place) => {
    const row = new Int32Array(to);
    for (let x = 0; x < to; x++) {
      const [start, a, b] = taps[x];
      row[x] = grey[place + columns[kept(start)]] * a + grey[place + columns[kept(start + 1)]] * b;
    }
    return row;
  });
  const out = new Uint8Array(to * to);
  for (let y = 0; y < to; y++) {
    const [start, a, b] = taps[y];
    const above = wide[kept(start)];
    const below = wide[kept(start + 1)];
    for (let x = 0; x < to; x++) {
      const value = ((a * (above[x] >> 4)) >> 16) + ((b * (below[x] >> 4)) >> 16);
      out[y * to + x] = (value + 2) >> 2;
    }
  }
  return out;
}

// Python and OpenCV round halves to the even neighbour, Math.round rounds them up.
function roundHalfEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

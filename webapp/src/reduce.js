// Large photographs made smaller by a whole factor, with the numbers of Python (docs/crop.md).

/** Return by which whole number each side is divided so that no more than `most` pixels stay. */
export function factorFor(width, height, most) {
  return width * height > most ? Math.ceil(Math.sqrt((width * height) / most)) : 1;
}

/**
 * Return the RGBA means of factor x factor blocks of RGBA pixels; what is left over at the right
 * and below makes smaller blocks. All is opaque.
 */
export function reduced(rgba, width, height, factor) {
  const across = Math.ceil(width / factor);
  const down = Math.ceil(height / factor);
  const out = new Uint8ClampedArray(across * down * 4);
  for (let y = 0; y < down; y++) {
    const bottom = Math.min((y + 1) * factor, height);
    for (let x = 0; x < across; x++) {
      const right = Math.min((x + 1) * factor, width);
      mean(rgba, width, x * factor, y * factor, right, bottom, out, (y * across + x) * 4);
    }
  }
  return out;
}

// Pillow's division: by a product with 24 bits, which rounds five ninths down.
function mean(rgba, width, left, top, right, bottom, out, place) {
  let [red, green, blue] = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    const end = (y * width + right) * 4;
    for (let i = (y * width + left) * 4; i < end; i += 4) {
      red += rgba[i];
      green += rgba[i + 1];
      blue += rgba[i + 2];
    }
  }
  const n = (right - left) * (bottom - top);
  const half = n >> 1;
  const share = Math.floor(2 ** 24 / n);
  out[place] = Math.floor(((red + half) * share) / 2 ** 24);
  out[place + 1] = Math.floor(((green + half) * share) / 2 ** 24);
  out[place + 2] = Math.floor(((blue + half) * share) / 2 ** 24);
  out[place + 3] = 255;
}

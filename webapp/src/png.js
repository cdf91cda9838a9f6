// Grey pixels as a PNG file. A canvas would store colours, and some browsers change them.

import { zlibSync } from "fflate";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Return the bytes of a PNG of side x side grey values. */
export function greyPng(grey) {
  const side = Math.sqrt(grey.length);
  const rows = new Uint8Array(side * (side + 1));
  for (let y = 0; y < side; y++) {
    rows.set(grey.subarray(y * side, (y + 1) * side), y * (side + 1) + 1); // filter 0: none
  }
  const size = new DataView(new ArrayBuffer(13));
  size.setUint32(0, side);
  size.setUint32(4, side);
  size.setUint8(8, 8); // bits; colour 0 is grey, and the rest is 0
  const parts = [
    new Uint8Array(SIGNATURE),
    chunk("IHDR", new Uint8Array(size.buffer)),
    chunk("IDAT", zlibSync(rows)),
    chunk("IEND", new Uint8Array()),
  ];
  return joined(parts);
}

function chunk(name, content) {
  const named = joined([new TextEncoder().encode(name), content]);
  const out = new DataView(new ArrayBuffer(named.length + 8));
  out.setUint32(0, content.length);
  new Uint8Array(out.buffer).set(named, 4);
  out.setUint32(named.length + 4, crc(named));
  return new Uint8Array(out.buffer);
}

function joined(parts) {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function crc(bytes) {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

// Crops that the user labels and keeps: in memory until they are saved, on request alone, as
// LABEL/name.png, which the suite's `folder` data set reads.

import { zipSync } from "fflate";
import { greyPng } from "./png.js";

export class TrainingSet {
  #files = [];
  #sitting = null;
  #count = 0;

  get length() {
    return this.#files.length;
  }

  /** Keep a crop under a label. */
  add(crop, label, now = new Date()) {
    // The suite takes names that only a trailing number tells apart for one person: so a sitting
    // is one group, and never on both sides of a split.
    this.#sitting ??= now.toISOString().replace(/\D/g, "").slice(0, 14);
    const number = String(++this.#count).padStart(3, "0");
    const name = `sitting-${this.#sitting}_${number}.png`;
    this.#files.push({ label, name, content: greyPng(crop) });
  }

  clear() {
    this.#files = [];
    this.#sitting = null;
  }

  /** Write them into a folder that the user chooses, else as one zip; return where they went. */
  async save() {
    if (globalThis.showDirectoryPicker) {
      const folder = await showDirectoryPicker({ mode: "readwrite", id: "faces" });
      await this.#write(folder);
      return `the folder “${folder.name}”`;
    }
    download(new Blob([this.zip()], { type: "application/zip" }), "faces.zip");
    return "faces.zip, among your downloads";
  }

  zip() {
    const entries = this.#files.map((file) => [`${file.label}/${file.name}`, file.content]);
    return zipSync(Object.fromEntries(entries), { level: 0 }); // PNGs are packed already
  }

  async #write(folder) {
    for (const { label, name, content } of this.#files) {
      const inner = await folder.getDirectoryHandle(label, { create: true });
      const file = await inner.getFileHandle(name, { create: true });
      const stream = await file.createWritable();
      await stream.write(content);
      await stream.close();
    }
  }
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

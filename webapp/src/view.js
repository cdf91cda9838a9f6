// What the page shows: the result of a picture or a frame, messages, the training set.

import * as cards from "./cards.js";
import { mark } from "./marks.js";
import { sentence } from "./told.js";
import { capital, count, describe } from "./words.js";

export const $ = (id) => document.getElementById(id);

const SAID_EVERY = 3000; // ms between two sentences to a screen reader while live

let lastSaid = 0;
let shown = null;

/** Show what was read; `live` says less often what changed. */
export function present(result, { about, question, element, size, mirrored, live, onKeep }) {
  const faces = result.faces.map((face) => ({
    ...face,
    said: describe(face.probabilities, about, question),
  }));
  cards.show($("cards"), faces, about.classes, { live, onKeep });
  $("waiting").hidden = faces.length > 0;
  shown = { element, size, faces, mirrored };
  remark();
  $("times").textContent = faces.length ? timesOf(result, faces.length, about) : "";
  Object.assign($("times").dataset, { detect: result.detectMs, classify: result.classifyMs });
  say(faces.length ? faces.map(spoken).join("; ") : capital(about.sentences.no_face), live);
  return faces;
}

/** Draw the marks again, as after a change of size. */
export function remark() {
  if (shown) mark($("marks"), shown.element, shown.size, shown.faces, shown.mirrored);
}

/** Forget what was shown. */
export function clear() {
  shown = null;
  mark($("marks"), null, null, []);
  $("cards").replaceChildren();
  $("waiting").hidden = false;
  for (const id of ["times", "said", "note", "saved"]) $(id).textContent = "";
  tell("");
}

/** Show a message; an Error by its sentence, "" for none. */
export function tell(message) {
  const text = message instanceof Error ? sentence(message) : message;
  if ($("message").textContent !== text) $("message").textContent = text;
}

/** Show something that is no failure. */
export function note(text) {
  if ($("note").textContent !== text) $("note").textContent = text;
}

/** Show where crops were saved; "" for nowhere. Not a note: while live, those change often. */
export function saved(text) {
  $("saved").textContent = text;
}

/** Show how many crops are kept. */
export function keptCrops(n) {
  $("training").hidden = !n;
  $("kept").textContent = n
    ? `${capital(count(n, "crop"))} kept in this page, and nowhere else until you save.`
    : "";
}

function timesOf({ detectMs, classifyMs }, n, about) {
  const each = `${(classifyMs / n).toFixed(1)} ms a face`;
  const where = detectMs >= 0.5 ? ` · found in ${Math.round(detectMs)} ms` : "";
  return `Network “${about.name}”, ${each}${where} · ${count(n, "face")}`;
}

function spoken(face, i, faces) {
  return faces.length > 1 ? `face ${i + 1}: ${face.said.text}` : face.said.text;
}

function say(text, live) {
  const now = performance.now();
  if (live && now - lastSaid < SAID_EVERY) return;
  lastSaid = now;
  if ($("said").textContent !== text) $("said").textContent = text;
}

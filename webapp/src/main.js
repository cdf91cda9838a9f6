// Wires the page: what the user gives, what is read, what is shown.

import { keepOffline } from "./cache.js";
import { load as loadDetector } from "./detector.js";
import { makeLive } from "./live.js";
import { load as loadNetwork } from "./network.js";
import { open } from "./pictures.js";
import { read } from "./reading.js";
import { Told } from "./told.js";
import { TrainingSet } from "./training.js";
import * as view from "./view.js";
import { percent, tellsHappyFromSad } from "./words.js";

const { $ } = view;
const HINT =
  "No face found. Choose one that faces the camera, or, if the picture is a face from edge to " +
  "edge, tick “The whole picture is one face already”.";
const options = $("options").elements;
const training = new TrainingSet();

let network = null;
let find = null;
let picture = null; // {canvas, notes} of the photo that is shown
let latest = 0; // which reading is the latest: an earlier one that ends later is not shown

const showing = () => ({ about: network.about, question: options.question.value, onKeep: keep });
const reading = (thorough) => ({ find, network, whole: options.whole.checked, thorough });
const ready = boot();
const usable = ready.then(
  () => true,
  () => false, // told already
);
const live = makeLive(() => ({ reading: reading(false), showing: showing() }), usable);

async function boot() {
  document.body.dataset.source = options.source.value;
  try {
    check();
    [network, find] = await Promise.all([loadNetwork(), loadDetector()]);
    // The first answer of a network takes several times as long: not while somebody waits for it.
    await read(document.createElement("canvas"), { find, network });
    await read(document.createElement("canvas"), { find, network, whole: true });
  } catch (error) {
    $("waiting").textContent = "The page cannot read faces here.";
    view.tell(error instanceof Told ? error : new Told(`${error.message}. Load the page again.`));
    for (const control of document.querySelectorAll("button, input")) control.disabled = true;
    throw error;
  }
  const { scores } = network.about;
  if (scores?.accuracy) {
    const wrong = percent(1 - scores.accuracy);
    $("accuracy").textContent = ` (in ${wrong} of 100 photographs of FER2013)`;
  }
  for (const input of options.question) {
    input.disabled = input.value === "two" && !tellsHappyFromSad(network.about);
  }
  $("waiting").textContent = "Each face appears here, with a bar for every emotion.";
  document.body.dataset.ready = "yes";
  keepOffline();
}

function check() {
  if (typeof WebAssembly !== "object") {
    throw new Told(
      "This browser has no WebAssembly, or it is switched off (as in some lockdown modes): " +
        "without it the networks cannot run here.",
    );
  }
  if (!globalThis.DecompressionStream || !globalThis.OffscreenCanvas) {
    throw new Told("This browser is too old for this page: one of 2023 or later is needed.");
  }
}

async function choose(file, others = 0) {
  if (!file) return;
  options.source.value = "photo";
  changeSource();
  const mine = begin();
  view.clear();
  picture = null;
  $("picture").hidden = true;
  $("empty").hidden = false;
  try {
    const opened = await open(file);
    if (others) opened.notes.push("Of several files the first one is read.");
    await ready;
    if (mine !== latest) return;
    picture = opened;
    hang(opened.canvas);
    await readPicture(mine);
  } catch (error) {
    if (mine === latest && network) view.tell(error);
  } finally {
    finish(mine);
  }
}

function begin() {
  $("results").ariaBusy = "true";
  return ++latest;
}

function finish(mine) {
  if (mine === latest) $("results").ariaBusy = "false";
}

// Show the picture itself: the canvas that is read is the one that is seen.
function hang(canvas) {
  canvas.id = "picture";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "The chosen picture");
  canvas.classList.toggle("tiny", canvas.width < 100);
  $("picture").replaceWith(canvas);
  $("empty").hidden = true;
}

async function readPicture(mine) {
  const result = await read(picture.canvas, reading(true));
  if (mine !== latest) return;
  const { canvas, notes } = picture;
  const size = { width: canvas.width, height: canvas.height };
  view.present(result, { ...showing(), element: canvas, size });
  view.note([...notes, ...(result.faces.length ? [] : [HINT])].join(" "));
}

function readAgain() {
  const mine = begin();
  readPicture(mine)
    .catch(view.tell)
    .finally(() => finish(mine));
}

function changeSource() {
  const source = options.source.value;
  if (document.body.dataset.source === source) return;
  document.body.dataset.source = source;
  live.halt();
  finish(++latest); // what is still being read belongs to the other source
  const pictured = source === "photo" && picture;
  $("picture").hidden = !pictured;
  $("empty").hidden = Boolean(pictured);
  if (pictured) readAgain();
}

function keep(face, label) {
  training.add(face.crop, label);
  view.keptCrops(training.length);
  view.saved("");
}

function forget() {
  training.clear();
  view.keptCrops(0);
  // The buttons are gone: the keyboard goes on where the next picture comes from.
  $(options.source.value === "live" ? "camera" : "file").focus();
}

async function save() {
  try {
    const place = await training.save();
    forget();
    view.saved(`Saved into ${place}.`);
  } catch (error) {
    if (error.name === "AbortError") return; // the user closed the dialogue
    view.tell(new Told(`The crops could not be saved (${error.message}). They are still kept.`));
  }
}

options.source.forEach((input) => input.addEventListener("change", changeSource));
for (const input of [...options.question, options.whole]) {
  input.addEventListener("change", () => {
    live.forget();
    if (picture && options.source.value === "photo") readAgain();
  });
}
for (const id of ["file", "capture"]) {
  $(id).addEventListener("change", ({ target }) => {
    choose(target.files[0], target.files.length - 1);
    target.value = ""; // so that the same file can be chosen again
  });
}
document.addEventListener("paste", ({ clipboardData: { files } }) =>
  choose(files[0], files.length - 1),
);
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
  });
}
document.addEventListener("drop", ({ dataTransfer: { files } }) => {
  if (files.length) choose(files[0], files.length - 1);
  else view.tell("What was dropped is no file. Save the picture first, then drop it here.");
});
$("save").addEventListener("click", save);
$("discard").addEventListener("click", forget);
new ResizeObserver(view.remark).observe($("frame"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", view.remark);

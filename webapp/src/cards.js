// One card for each face: its crop, the sentence, the bars, and a label to keep it under.

import { percent } from "./words.js";

/**
 * Show faces in a list; cards stay in place, so that their controls can be used while `live`.
 *
 * From when a label is chosen on, a card holds the crop that it was chosen for and shows it: a
 * moment later somebody else may be the first face.
 */
export function show(list, faces, classes, { live, onKeep }) {
  while (list.children.length > faces.length) list.lastElementChild.remove();
  faces.forEach((face, i) => {
    const card = list.children[i] ?? list.appendChild(make(i, classes, onKeep));
    card.face = face;
    if (!live && card.held?.crop.join() !== face.crop.join()) hold(card, "");
    fill(card, face, i, faces.length);
  });
}

/** Return the colour of an emotion, as the style sheet has it. */
export function colourOf(name, style = getComputedStyle(document.documentElement)) {
  return style.getPropertyValue(`--${stem(name)}`) || style.getPropertyValue("--neutral");
}

// Vocabularies spell the emotions differently; the style sheet has one name for each.
function stem(name) {
  const known = ["angry", "contempt", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
  return known.find((one) => name.startsWith(one.slice(0, 3))) ?? "neutral";
}

function make(i, classes, onKeep) {
  const card = element("li", "card");
  const head = card.appendChild(document.createElement("header"));
  const crop = head.appendChild(element("canvas", "crop"));
  crop.setAttribute("role", "img");
  crop.setAttribute("aria-label", `Face ${i + 1} as the network sees it`);
  const title = head.appendChild(document.createElement("h3"));
  title.append(element("span", "text"), element("span", "seen"));
  card.append(element("ul", "bars"), labelling(card, i, classes, onKeep));
  return card;
}

function labelling(card, i, classes, onKeep) {
  const row = element("div", "label");
  const select = row.appendChild(document.createElement("select"));
  select.setAttribute("aria-label", `Label for your training set, face ${i + 1}`);
  select.append(new Option("Label it yourself…", ""), ...classes.map((name) => new Option(name)));
  const button = row.appendChild(element("button", "quiet"));
  button.type = "button";
  button.textContent = "Keep crop";
  button.disabled = true;
  button.setAttribute("aria-label", `Keep crop of face ${i + 1}`);
  select.addEventListener("change", () => hold(card, select.value));
  button.addEventListener("click", () => {
    onKeep(card.held, select.value);
    hold(card, "");
    select.focus(); // the button is disabled now
  });
  return row;
}

// Hold the face that is shown for a label; "" lets it go.
function hold(card, label) {
  card.held = label ? card.face : null;
  card.classList.toggle("held", Boolean(label));
  card.querySelector("select").value = label;
  card.querySelector("button").disabled = !label;
  paint(card.querySelector(".crop"), card.face.crop);
}

function fill(card, face, i, n) {
  card.querySelector(".text").textContent = face.said.text;
  card.querySelector(".seen").textContent = n > 1 ? `Face ${i + 1} of ${n}` : "";
  paint(card.querySelector(".crop"), (card.held ?? face).crop);
  const bars = card.querySelector(".bars");
  const names = face.said.bars.map((bar) => bar.name).join();
  if (bars.dataset.names !== names) {
    bars.replaceChildren(...face.said.bars.map(bar));
    bars.dataset.names = names;
  }
  face.said.bars.forEach(({ name, share }, j) => {
    const row = bars.children[j];
    row.classList.toggle("top", name === face.said.name);
    row.querySelector(".percent").textContent = `${percent(share)}%`;
    row.querySelector("i").style.setProperty("--share", share.toFixed(4));
  });
}

function bar({ name }) {
  const row = document.createElement("li");
  const label = row.appendChild(document.createElement("b"));
  label.textContent = name;
  const track = row.appendChild(element("div", "bar"));
  track.setAttribute("aria-hidden", "true");
  track
    .appendChild(document.createElement("i"))
    .style.setProperty("--colour", `var(--${stem(name)})`);
  row.appendChild(element("span", "percent"));
  return row;
}

function paint(canvas, grey) {
  const side = Math.sqrt(grey.length);
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side);
  grey.forEach((value, i) => image.data.set([value, value, value, 255], i * 4));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function element(tag, className) {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

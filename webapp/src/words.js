// What is said of a face, by the templates that come with the network.

/** Return {name, share, text, bars} of a face: `question` is "all" or "two" (happy or sad). */
export function describe(probabilities, about, question) {
  const both = question === "two" ? happyAndSad(probabilities, about) : null;
  const bars = both ?? about.classes.map((name, i) => ({ name, share: probabilities[i] }));
  // The first of equals, as in Python.
  const top = bars.reduce((best, bar) => (bar.share > best.share ? bar : best));
  const templates = both ? about.sentences.happy_or_sad : about.sentences.classes;
  const text = templates[top.name].replace("{percent}", percent(top.share));
  return { name: top.name, share: top.share, text: capital(text), bars };
}

/** Return whether the network can answer the question "happy or sad". */
export function tellsHappyFromSad(about) {
  return Boolean(about.happy_and_sad);
}

/** Return a share in whole percent. */
export function percent(share) {
  return Math.floor(100 * share + 0.5);
}

/** Return "one face", "3 faces". */
export function count(n, one, many = `${one}s`) {
  return n === 1 ? `one ${one}` : `${n} ${many}`;
}

export function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function happyAndSad(probabilities, about) {
  const happy = probabilities[about.happy_and_sad.happy];
  const sad = probabilities[about.happy_and_sad.sad];
  const share = happy + sad ? happy / (happy + sad) : 0.5;
  return [
    { name: "happy", share },
    { name: "sad", share: 1 - share },
  ];
}

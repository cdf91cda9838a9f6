// The network that reads a face: crops in, probabilities out.

import { bytes } from "./cache.js";
import { session, tensor } from "./runtime.js";

/** Load the network and what is known of it. */
export async function load() {
  const [about, run] = await Promise.all([told(), session("model/model.onnx")]);
  return { about, classify: (crops) => classify(run, about, crops) };
}

async function told() {
  return JSON.parse(new TextDecoder().decode(await bytes("model/model.json")));
}

/** Return an array of probabilities for each crop, a Uint8Array of size x size grey pixels. */
async function classify(run, about, crops) {
  if (!crops.length) return [];
  const { size, name } = about.input;
  const values = new Float32Array(crops.length * size * size);
  crops.forEach((crop, i) => values.set(crop, i * size * size));
  const answers = await run.run({ [name]: tensor(values, [crops.length, size, size, 1]) });
  const { data } = answers[about.output.name];
  const n = about.classes.length;
  return crops.map((_, i) =>
    tempered(Array.from(data.subarray(i * n, (i + 1) * n)), about.temperature),
  );
}

/** Return probabilities as sure as they are right: the temperature is in the network's card. */
export function tempered(probabilities, temperature) {
  const powers = probabilities.map((p) => p ** (1 / temperature));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

// ONNX Runtime, which runs all networks of the page.

import * as ort from "onnxruntime-web/wasm";
import { bytes, unpacked } from "./cache.js";

let ready = null;

/** Return a session of an ONNX file of the page. */
export async function session(path) {
  // Started once, beside the first network's file.
  ready ??= start();
  const [model] = await Promise.all([bytes(path), ready]);
  return ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ["wasm"] });
}

export function tensor(values, shape) {
  return new ort.Tensor("float32", values, shape);
}

async function start() {
  // Sent packed whatever the server can: 14 MB of WebAssembly are 3.7 then.
  ort.env.wasm.wasmBinary = await unpacked(await bytes("runtime.bin"));
  // Several threads need headers that a plain file server does not send.
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
}

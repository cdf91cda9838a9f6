// Builds the page into dist/: node build.mjs
//
// MODEL (default model/) holds the network as `python -m fer_utils export` writes it, DETECTOR
// (default detector/) what detector.py writes, OUT (default dist/) takes the page.

import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { marked } from "marked";

const here = dirname(fileURLToPath(import.meta.url));
const at = (name, inside) => process.env[name] ?? join(here, inside);
const model = at("MODEL", "model");
const detector = at("DETECTOR", "detector");
const out = at("OUT", "dist");
const part = `${out}.part`;
const modules = join(here, "node_modules");
const STATIC = ["index.html", "style.css", "icon.svg", "manifest.webmanifest"];

rmSync(part, { recursive: true, force: true });
mkdirSync(part, { recursive: true });
for (const file of STATIC) cpSync(join(here, "src", file), join(part, file));
for (const file of ["model.onnx", "model.json"]) {
  cpSync(join(model, file), join(part, "model", file), { recursive: true });
}
for (const file of ["short.onnx", "full.onnx"]) {
  cpSync(join(detector, file), join(part, "detector", file));
}
// Not named .gz: some servers would have the browser unpack it, and the page unpacks it itself.
const runtime = join(modules, "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");
writeFileSync(join(part, "runtime.bin"), gzipSync(readFileSync(runtime), { level: 9 }));
writeFileSync(join(part, "card.html"), card());
writeFileSync(join(part, "licences.txt"), licences());

// The build's name comes of all that is in it: what is cached under it never changes.
const sums = sumsOf(filesOf(part));
const scripts = [await bundled("main", "BUILD", sums), await bundled("sw", "BUILD", sums)];
const name = fingerprint([JSON.stringify(sums), ...scripts]).slice(0, 12);
// By its address a page gets its own script, though the browser may still hold the build before.
const index = join(part, "index.html");
writeFileSync(index, readFileSync(index, "utf8").replace("main.js", `main.js?${name}`));
writeFileSync(join(part, "main.js"), await bundled("main", name, sums));
const all = sumsOf(filesOf(part));
writeFileSync(join(part, "sw.js"), await bundled("sw", name, { "./": all["index.html"], ...all }));
// Whole or not at all.
rmSync(out, { recursive: true, force: true });
renameSync(part, out);
const size = filesOf(out).reduce((sum, file) => sum + readFileSync(join(out, file)).length, 0);
console.log(`${relative(process.cwd(), out)}: ${(size / 1e6).toFixed(1)} MB, build ${name}`);

async function bundled(script, name, sums) {
  const made = await build({
    entryPoints: [join(here, "src", { main: "main.js", sw: "service-worker.js" }[script])],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    // The build of ONNX Runtime that has its loader inside: no script is fetched later.
    alias: {
      "onnxruntime-web/wasm": join(modules, "onnxruntime-web/dist/ort.wasm.bundle.min.mjs"),
    },
    define: { BUILD: JSON.stringify(name), SUMS: JSON.stringify(sums) },
    legalComments: "none", // licences.txt has them
    write: false,
  });
  return made.outputFiles[0].contents;
}

function sumsOf(files) {
  return Object.fromEntries(
    files.map((file) => [file, fingerprint([readFileSync(join(part, file))])]),
  );
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

function fingerprint(contents) {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(content);
  return hash.digest("hex");
}

function card() {
  const page = readFileSync(join(here, "src/card.html"), "utf8");
  return page.replace("CARD", () => marked.parse(readFileSync(join(model, "card.md"), "utf8")));
}

function licences() {
  const shown = ["onnxruntime-web", "@mediapipe/face_detection", "fflate"].map((name) => {
    const about = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
    return `${name} ${about.version}: ${about.license}\n\n${licenceOf(name)}`;
  });
  const own = readFileSync(join(here, "..", "LICENSE"), "utf8");
  return [`This page and its network\n\n${own}`, ...shown].join(`\n${"=".repeat(72)}\n\n`);
}

function licenceOf(name) {
  // These two packages come without the text.
  const texts = {
    "@mediapipe/face_detection": "apache.txt",
    "onnxruntime-web": "onnxruntime.txt",
  };
  const file = texts[name] ? join(here, "licences", texts[name]) : join(modules, name, "LICENSE");
  return readFileSync(file, "utf8");
}

// Keeps the page's files, so that it opens without a network. All come from one build: a new
// build has a new cache, and the old one goes.

/* global BUILD, SUMS */
import { whole } from "./whole.js";

const PLACE = `fer ${new URL(self.registration.scope).pathname} `;
const CACHE = PLACE + BUILD;

self.addEventListener("install", (event) => {
  event.waitUntil(fill().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method !== "GET" || !url.startsWith(self.registration.scope)) return;
  event.respondWith(answer(event.request));
});

// All of this build or nothing: where a file is another one, the browser tries again later.
async function fill() {
  const cache = await caches.open(CACHE);
  await Promise.all(Object.keys(SUMS).map((file) => add(cache, file)));
}

async function add(cache, file) {
  if (await cache.match(file)) return;
  // Past the browser's own cache, which may still hold the build before.
  const answer = await fetch(file, { cache: "reload" });
  const copy = answer.clone();
  if (!answer.ok || !(await whole(await answer.arrayBuffer(), SUMS[file]))) {
    throw new Error(`${file} is not the file that belongs to this build`);
  }
  await cache.put(file, copy);
}

async function forgetOthers() {
  const old = (await caches.keys()).filter((key) => key.startsWith(PLACE) && key !== CACHE);
  await Promise.all(old.map((key) => caches.delete(key)));
}

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  return kept ?? fetch(request);
}

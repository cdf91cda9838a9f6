// Keeps the page's files, so that it opens without a network. All come from one build: a new
// build has a new cache, and the old one goes.

/* global BUILD, FILES */
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

async function fill() {
  const cache = await caches.open(CACHE);
  const missing = [];
  for (const file of FILES) {
    if (!(await cache.match(file))) missing.push(file);
  }
  await cache.addAll(missing);
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

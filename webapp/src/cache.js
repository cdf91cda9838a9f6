// What the page keeps for working offline.

/* global BUILD */
// One cache for each build and place: an origin may serve several copies of the page.
const CACHE = `fer ${new URL(".", document.baseURI).pathname} ${BUILD}`;

/**
 * Return the bytes of one of the page's own files, fetched once. The service worker finds in the
 * cache what is put there here, so that the large files are sent only once.
 */
export async function bytes(path) {
  const url = new URL(path, document.baseURI).href;
  // Browsers have no cache where the address is neither https nor the machine's own.
  const cache = globalThis.caches ? await caches.open(CACHE).catch(() => null) : null;
  const kept = await cache?.match(url);
  if (kept) return kept.arrayBuffer();
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${answer.statusText}`);
  await cache?.put(url, answer.clone()).catch(() => {}); // a full disk stops nothing
  return answer.arrayBuffer();
}

/** Return what a stream of gzip holds, as bytes. */
export async function unpacked(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** Let the page open without a network from now on; quietly, as it works without. */
export async function keepOffline() {
  await navigator.serviceWorker?.register("sw.js").catch(() => {});
}

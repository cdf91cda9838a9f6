// What the page keeps for working offline.

/* global BUILD, SUMS */
import { whole } from "./whole.js";

// One cache for each build and place: an origin may serve several copies of the page.
const CACHE = `fer ${new URL(".", document.baseURI).pathname} ${BUILD}`;

/**
 * Return the bytes of one of the page's own files, fetched once. The service worker finds in the
 * cache what is put there here, so that the large files are sent only once.
 *
 * Only what this build was made with is taken and kept: a network's login page answers 200 too,
 * and a server may have got a newer build meanwhile.
 */
export async function bytes(path) {
  const url = new URL(path, document.baseURI).href;
  // Browsers have no cache where the address is neither https nor the machine's own.
  const cache = globalThis.caches ? await caches.open(CACHE).catch(() => null) : null;
  const kept = await cache?.match(url);
  if (kept) {
    const content = await kept.arrayBuffer();
    if (await whole(content, SUMS[path])) return content;
    await cache.delete(url); // else the service worker would answer with it again
  }
  const answer = await fetch(url, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${answer.statusText}`);
  const copy = answer.clone();
  const content = await answer.arrayBuffer();
  if (!(await whole(content, SUMS[path]))) {
    throw new Error(`${path} is not the file that belongs to this page`);
  }
  await cache?.put(url, copy).catch(() => {}); // a full disk stops nothing
  return content;
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

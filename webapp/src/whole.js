// Whether a file arrived as it was built.

/** Return whether bytes have a SHA-256, in hex; true where the browser cannot tell. */
export async function whole(content, sum) {
  // Like the cache, it is there only at https and on the machine itself.
  if (!globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return sum === Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The live camera: asked for, started, lost, asleep.

import { Told } from "./told.js";

const WANTED = { width: { ideal: 640 }, height: { ideal: 480 } };
const REASONS = {
  NotAllowedError:
    "The page may not use the camera. Allow it in the browser's settings for this page " +
    "(usually the icon beside the address), then start again.",
  NotFoundError: "This device has no camera, or it is switched off. A photo works without one.",
  NotReadableError: "The camera cannot be started: another program may be using it.",
  AbortError: "The camera cannot be started: another program may be using it.",
};

/** Return the stream of a camera; `facing` is "user" or "environment". */
export async function open(facing) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Told(
      "This browser gives no camera here: pages get one only at an https address or on this " +
        "machine itself. A photo works without one.",
    );
  }
  try {
    const wanted = { ...WANTED, facingMode: facing };
    return await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  } catch (error) {
    throw new Told(REASONS[error.name] ?? `The camera cannot be started (${error.name}).`, error);
  }
}

/** Show a stream in a video element until it is closed or lost; a stream that fails is closed. */
export async function play(video, stream, onLost) {
  // Unplugged, taken by another program, or permission withdrawn.
  stream.getVideoTracks()[0].addEventListener("ended", onLost, { once: true });
  video.srcObject = stream;
  try {
    await video.play();
  } catch (error) {
    // By now the element may show a later stream, which is not this one's to end.
    close(stream);
    if (video.srcObject === stream) video.srcObject = null;
    throw new Told("The camera gives no picture.", error);
  }
}

/** Switch the camera of a stream off, so that its light goes out. */
export function close(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Switch off what a video element shows. */
export function stop(video) {
  close(video.srcObject);
  video.srcObject = null;
}

/**
 * Call `step` for one new frame after the other, never two at once; return a function that ends
 * it. While the page is hidden nothing is read.
 */
export function everyFrame(video, step) {
  let going = true;
  let waiting = null;
  const next = () => {
    if (!going) return;
    waiting = video.requestVideoFrameCallback
      ? video.requestVideoFrameCallback(run)
      : requestAnimationFrame(run);
  };
  const run = async () => {
    if (going && !document.hidden && video.videoWidth) await step();
    next();
  };
  next();
  return () => {
    going = false;
    if (video.cancelVideoFrameCallback) video.cancelVideoFrameCallback(waiting);
    else cancelAnimationFrame(waiting);
  };
}

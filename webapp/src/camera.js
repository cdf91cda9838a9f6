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

/** Start a camera in a video element; `facing` is "user" or "environment". Return its stream. */
export async function start(video, facing, onLost) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Told(
      "This browser gives no camera here: pages get one only at an https address or on this " +
        "machine itself. A photo works without one.",
    );
  }
  let stream;
  try {
    const wanted = { ...WANTED, facingMode: facing };
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  } catch (error) {
    throw new Told(REASONS[error.name] ?? `The camera cannot be started (${error.name}).`, error);
  }
  // Unplugged, taken by another program, or permission withdrawn.
  stream.getVideoTracks()[0].addEventListener("ended", onLost, { once: true });
  video.srcObject = stream;
  try {
    await video.play();
  } catch (error) {
    stop(video);
    throw new Told("The camera gives no picture.", error);
  }
  return stream;
}

/** Switch the camera off, so that its light goes out. */
export function stop(video) {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
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

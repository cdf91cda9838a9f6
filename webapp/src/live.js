// The live camera in the page: start and stop, frame after frame, the last seconds as lines.

import * as camera from "./camera.js";
import { History } from "./chart.js";
import { draw } from "./pictures.js";
import { read } from "./reading.js";
import * as view from "./view.js";

const { $ } = view;
const MISSED = 1000; // ms without a face from which on it is said: one frame may miss it

/**
 * Make the live half of the page; `tools()` gives what is needed to read and show a frame, once
 * the promise `usable` says true.
 */
export function makeLive(tools, usable) {
  const video = $("video");
  const history = new History();
  let end = null; // ends the loop
  let facing = "user";
  let seen = null; // when there was a face last
  let turn = 0; // which start is the latest: what comes late of an earlier one is dropped

  async function start() {
    halt();
    const mine = turn;
    starting(true);
    try {
      if (!(await usable)) return; // told already, and all controls stay disabled
      if (mine !== turn) return;
      const stream = await camera.open(facing);
      if (mine !== turn) return camera.close(stream);
      await camera.play(video, stream, () => lost(mine));
      if (mine !== turn) return camera.close(stream);
      show(true);
      // A canvas of its own: a frame of the start before may still be being read.
      const frame = document.createElement("canvas");
      end = camera.everyFrame(video, () => step(frame, mine));
      starting(false);
    } catch (error) {
      if (mine === turn) fail(error);
    }
  }

  function stop() {
    turn++;
    end?.();
    end = null;
    camera.stop(video);
    history.clear();
    seen = null;
    show(false);
    starting(false);
  }

  function halt() {
    stop();
    view.clear();
  }

  function fail(error) {
    stop();
    view.tell(error);
  }

  // Two starts at once would ask for two cameras.
  function starting(on) {
    for (const id of ["camera", "turn"]) $(id).disabled = on;
  }

  function show(on) {
    video.hidden = !on;
    video.classList.toggle("mirrored", facing === "user");
    $("empty").hidden = on;
    $("history").hidden = !on;
    $("camera").textContent = on ? "Stop the camera" : "Start the camera";
  }

  function lost(mine) {
    if (mine !== turn) return;
    halt();
    view.tell("The camera was taken away: unplugged, switched off, or no longer allowed.");
  }

  async function step(frame, mine) {
    const began = performance.now();
    try {
      frame.width = video.videoWidth;
      frame.height = video.videoHeight;
      draw(video, frame);
      const { reading, showing } = tools();
      const result = await read(frame, reading);
      if (mine === turn) present(result, frame, showing, began);
    } catch (error) {
      if (mine === turn) fail(error);
    }
  }

  function present(result, frame, showing, began) {
    const size = { width: frame.width, height: frame.height };
    const mirrored = facing === "user";
    const faces = view.present(result, { ...showing, element: video, size, mirrored, live: true });
    const now = performance.now();
    if (faces.length) history.add(now, faces[0].said.bars);
    if (faces.length || !seen) seen = now;
    view.note(
      now - seen > MISSED
        ? "No face found. Come closer, face the camera, or turn on a light."
        : "",
    );
    history.draw($("chart"), now);
    document.body.dataset.frames = Number(document.body.dataset.frames ?? 0) + 1;
    $("times").dataset.frame = now - began;
  }

  // Asleep, the camera sends nothing and nothing is read; awake, both go on.
  function asleep() {
    for (const track of video.srcObject?.getTracks() ?? []) track.enabled = !document.hidden;
    if (!document.hidden && end) video.play().catch(() => {}); // a lost camera tells so itself
  }

  $("camera").addEventListener("click", () => (end ? halt() : start()));
  $("turn").addEventListener("click", () => {
    facing = facing === "user" ? "environment" : "user";
    start();
  });
  document.addEventListener("visibilitychange", asleep);

  return { halt, forget: () => history.clear() };
}

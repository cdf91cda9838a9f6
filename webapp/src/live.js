// The live camera in the page: start and stop, frame after frame, the last seconds as lines.

import * as camera from "./camera.js";
import { History } from "./chart.js";
import { draw } from "./pictures.js";
import { read } from "./reading.js";
import * as view from "./view.js";

const { $ } = view;

/** Make the live half of the page; `tools()` gives what is needed to read and show a frame. */
export function makeLive(tools) {
  const video = $("video");
  const frame = document.createElement("canvas");
  const history = new History();
  let end = null; // ends the loop
  let facing = "user";
  let turn = 0; // which start is the latest: an earlier one that comes late is dropped

  async function start() {
    const mine = ++turn;
    stop();
    view.clear();
    $("camera").disabled = true;
    try {
      await camera.start(video, facing, lost);
      if (mine !== turn) return camera.stop(video);
      show(true);
      end = camera.everyFrame(video, step);
    } catch (error) {
      if (mine === turn) view.tell(error);
    } finally {
      $("camera").disabled = false;
    }
  }

  function stop() {
    end?.();
    end = null;
    camera.stop(video);
    history.clear();
    show(false);
  }

  function show(on) {
    video.hidden = !on;
    video.classList.toggle("mirrored", facing === "user");
    $("empty").hidden = on;
    $("history").hidden = !on;
    $("camera").textContent = on ? "Stop the camera" : "Start the camera";
  }

  function lost() {
    if (!end) return;
    stop();
    view.clear();
    view.tell("The camera was taken away: unplugged, switched off, or no longer allowed.");
  }

  async function step() {
    const began = performance.now();
    try {
      frame.width = video.videoWidth;
      frame.height = video.videoHeight;
      draw(video, frame);
      const { reading, showing } = tools();
      const result = await read(frame, reading);
      if (!end) return; // stopped meanwhile
      const size = { width: frame.width, height: frame.height };
      const mirrored = facing === "user";
      const faces = view.present(result, {
        ...showing,
        element: video,
        size,
        mirrored,
        live: true,
      });
      view.note(
        faces.length ? "" : "No face found. Come closer, face the camera, or turn on a light.",
      );
      const now = performance.now();
      if (faces.length) history.add(now, faces[0].said.bars);
      history.draw($("chart"), now);
      document.body.dataset.frames = Number(document.body.dataset.frames ?? 0) + 1;
      $("times").dataset.frame = performance.now() - began;
    } catch (error) {
      stop();
      view.tell(error);
    }
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

  function halt() {
    turn++;
    stop();
    view.clear();
  }

  return { halt, forget: () => history.clear() };
}

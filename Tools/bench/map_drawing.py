#!/usr/bin/env python3
"""How long a map takes to be drawn, and its page to answer: a million points in a browser that draws by software.

usage: Tools/bench/map_drawing.py [--points N] [--chromium PATH] [--pictures FOLDER] [PAGE.html]

Without a page it builds Tools/bench/map-drawing and draws a made-up map. Then a Chromium without a window and without a
graphics card opens the page: until the map is there, then frame by frame a zoom by wheel, a pan by dragging and a walk by
keys, then hovering and a search. A frame's time is that from one animation frame to the next while each of them changes the
view, so it holds script, painting and waiting; `busy` is the mean time that the page's own thread worked for one. Ends with
exit code 1 and a line `PROBLEM: ...` for what is above its limit.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import contest
from browser import Browser

HERE = Path(__file__).resolve().parent
WORK = HERE.parent.parent / ".build" / "bench" / "map-drawing"
MOST_LOAD_S, MOST_DRAW_S, MOST_FRAME_MS = 5, 5, 100

# Each returns the milliseconds of its frames.
FRAMES = """(async (count, act) => {
  const marks = document.getElementById("marks"), box = marks.getBoundingClientRect();
  const mouse = (type, x, y, more) => marks.dispatchEvent(new (type === "wheel" ? WheelEvent : PointerEvent)(type,
    { clientX: box.left + x, clientY: box.top + y, bubbles: true, cancelable: true, pointerId: 1, ...more }));
  marks.setPointerCapture = () => {};
  const frame = () => new Promise(requestAnimationFrame), times = [];
  await frame(); await frame();
  let last = await frame();
  for (let k = 0; k < count; k++) {
    act(k, mouse, box, marks);
    const now = await frame();
    times.push(now - last); last = now;
  }
  // The first may still hold what came before.
  return times.slice(1);
})"""
ACTS = {
    "zoom in": (40, """(k, mouse, box) => mouse("wheel", box.width * .45, box.height * .4, { deltaY: -40 })"""),
    "zoom out": (40, """(k, mouse, box) => mouse("wheel", box.width * .45, box.height * .4, { deltaY: 40 })"""),
    "pan": (40, """(k, mouse, box) => { if (k === 0) mouse("pointerdown", 300, 300);
        mouse("pointermove", 300 + 200 * Math.sin(k / 6), 300 + 3 * k); if (k === 39) mouse("pointerup", 300, 300); }"""),
    "keys": (20, """(k, mouse, box, marks) => marks.dispatchEvent(new KeyboardEvent("keydown",
        { key: ["ArrowLeft", "+", "ArrowUp", "-"][k % 4], bubbles: true, cancelable: true }))"""),
    "hover": (40, """(k, mouse, box) => { mouse("pointermove", box.width * (.3 + k * .005), box.height * (.3 + k * .005));
        window.shown ||= !document.getElementById("card").hidden; }"""),
}
SEARCH = """(async () => {
  const query = document.getElementById("query"), found = document.getElementById("found"), start = performance.now();
  query.value = "3"; query.dispatchEvent(new Event("input"));
  while (!found.textContent) await new Promise((done) => setTimeout(done, 5));
  await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame);
  return { ms: performance.now() - start, said: found.textContent };
})()"""


def draw(points: int) -> tuple[Path, list[dict]]:
    """The made-up map as files, and what each of them took."""
    WORK.mkdir(parents=True, exist_ok=True)
    build = ["swift", "build", "-c", "release", "--package-path", HERE / "map-drawing", "--scratch-path", WORK / "build"]
    subprocess.run(build, check=True, stdout=sys.stderr)
    program = WORK / "build" / "release" / "map-drawing-bench"
    output = subprocess.run([program, str(points), WORK], check=True, capture_output=True, text=True).stdout
    return WORK / "map.html", [json.loads(line) for line in output.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", nargs="?", type=Path, help="a page to be measured instead")
    parser.add_argument("--points", type=int, default=1_000_000, help="of the made-up map (default: %(default)s)")
    parser.add_argument("--chromium", help="the browser's program")
    parser.add_argument("--pictures", type=Path, help="a folder for screenshots")
    arguments = parser.parse_args()
    problems = []
    page = arguments.page
    print(json.dumps(contest.machine()))
    if page is None:
        page, drawn = draw(arguments.points)
        for one in drawn:
            print(f"{one['file']:9} {one['bytes'] / 1e6:8.1f} MB  {one['seconds']:7.2f} s")
            if one["seconds"] > MOST_DRAW_S:
                problems.append(f"{one['file']} took {one['seconds']:.1f} s to be drawn, more than {MOST_DRAW_S}")
    with Browser(arguments.chromium) as browser:
        start = time.perf_counter()
        browser.open(page)
        ready = "document.readyState === 'complete' && !document.getElementById('loading')"
        while not browser.run(ready):
            time.sleep(0.02)
        browser.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        seconds = time.perf_counter() - start
        size = browser.run("(() => { const c = document.getElementById('points'); return c.width + ' x ' + c.height; })()")
        count = browser.run("document.getElementById('count').textContent")
        print(f"page there after {seconds:.2f} s, map of {size} pixels, {count}")
        if seconds > MOST_LOAD_S:
            problems.append(f"the page took {seconds:.1f} s to be there, more than {MOST_LOAD_S}")
        picture(browser, arguments.pictures, "whole")
        print(f"{'frames':10} {'median':>8} {'95 %':>8} {'most':>8} {'busy':>8}  ms")
        for name, (count, act) in ACTS.items():
            before = browser.busy()
            times = sorted(browser.run(f"{FRAMES}({count}, {act})"))
            busy = (browser.busy() - before) * 1000 / count
            median, late = statistics.median(times), times[int(len(times) * 0.95)]
            print(f"{name:10} {median:8.1f} {late:8.1f} {times[-1]:8.1f} {busy:8.1f}")
            if median > MOST_FRAME_MS:
                problems.append(f"a frame of {name} takes {median:.0f} ms, more than {MOST_FRAME_MS}")
            picture(browser, arguments.pictures, name.replace(" ", "-"))
            browser.run("document.getElementById('whole').click()")
        if not browser.run("window.shown"):
            problems.append("hovering along the map has shown no sample")
        told = browser.run(SEARCH)
        print(f"search     {told['ms']:8.1f} ms until it is shown: {told['said']}")
        picture(browser, arguments.pictures, "search")
        problems += browser.complaints()
    for problem in problems:
        print(f"PROBLEM: {problem}")
    sys.exit(1 if problems else 0)


def picture(browser: Browser, folder: Path | None, name: str) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        browser.picture(folder / f"{name}.png")


if __name__ == "__main__":
    main()

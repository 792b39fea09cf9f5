// The lessons: how soon one can be used from a cold cache, what it fetches, and how long a change takes from the event to the new layout.
import { brotliCompressSync, constants } from "node:zlib";
import { open } from "./browser.mjs";
import { median, round } from "./report.mjs";

export const target = { usable_ms: 1000, brotli: 400_000 };
export const target_ms = 16;

/** So many times slower than this machine, as a phone may be: reported, not judged. */
export const slowdown = 4;

const circle = "&circle=10_50_90_130_170_210_250_290_20_60_100_140_180_220_260_300";

/** How often a lesson is walked through, from its first step to its last and back. */
const WALKS = 5;

/** What a visitor does: moves a field of the step through values, or presses a button, by its words; or walks through all steps. */
const moves = [
  { lesson: "nt-xent", step: 2, field: "input[type=number]", event: "change", values: [0.1, 0.9] },
  { lesson: "nt-xent", step: 6, field: "input[type=range]", event: "input", values: [10, 40] },
  { lesson: "nt-xent", step: 8, query: circle, field: "input[type=range]", event: "input", values: [10, 40] },
  { lesson: "lars", step: 1, field: "input[type=range]", event: "input", values: [-2, 0] },
  { lesson: "lars", step: 3, field: "input[type=range]", event: "input", values: [3, 30] },
  { lesson: "lars", step: 6, field: "input[type=range]", event: "input", values: [20, 180] },
  { lesson: "nt-xent", step: 1, press: ["Draw again"] },
  { lesson: "nt-xent", step: 8, query: circle, press: ["One step"] },
  { lesson: "nt-xent", walk: true },
  { lesson: "lars", walk: true },
  { lesson: "nt-xent", step: "all", field: "input[type=range]", event: "input", values: [10, 40] },
  { lesson: "lars", step: "all", field: "input[type=range]", event: "input", values: [-2, 0] },
];

/** One cold opening of a lesson. */
export async function cold(origin, lesson) {
  const { browser, close } = await open();
  try {
    const page = await browser.newPage();
    const bodies = [];
    page.on("response", (response) => bodies.push(response.body().catch(() => Buffer.alloc(0))));
    await page.goto(`${origin}/lesson/${lesson}/`, { waitUntil: "commit" });
    // Usable: its step stands there and can be answered.
    const usable = await page.evaluate(async () => {
      while (!document.querySelector("article fieldset button")) await new Promise((next) => requestAnimationFrame(next));
      return performance.now();
    });
    await page.waitForLoadState("networkidle");
    const compressed = (await Promise.all(bodies)).map((body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } }).length);
    return { usable, brotli: compressed.reduce((sum, bytes) => sum + bytes, 0) };
  } finally {
    await close();
  }
}

/**
 * Milliseconds from each event to the layout that follows from it, and to the end of the frame that shows it, for every one of `moves`, on a
 * processor `slower` times slower: of the main thread's processor time, so that other programs on the machine do not count, and to the layout
 * also by the clock. Of a walk also the step that is the slowest to come to, by its median.
 */
export async function inputs(origin, count, slower = 1) {
  const { browser, close } = await open();
  try {
    const page = await browser.newPage();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: slower });
    const all = [];
    for (const move of moves) {
      const { lesson, step = 1, query = "", field = "input", event, values, walk } = move;
      await page.goto(`${origin}/lesson/${lesson}/?step=${step}${query}`);
      await page.waitForSelector(walk || move.press ? "article button" : `article ${field}`);
      const steps = await page.locator(".lesson-steps li").count();
      const press = walk ? ["Next", "Previous"].flatMap((words) => Array(steps - 1).fill(words)) : move.press;
      const times = walk ? WALKS * press.length : count;
      await browser.startTracing(page, { categories: ["blink.user_timing"] });
      const clock = await page.evaluate(change, { field: `article ${field}`, event, values, press, count: times });
      const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
      const at = (name) => traceEvents.filter((one) => one.name === name && one.tts).map((one) => one.tts / 1000);
      const begun = at("begun");
      const [laidOut, shown] = [at("laid out"), at("shown")].map((ends) => ends.map((end, n) => end - begun[n]));
      if (laidOut.length !== times || shown.length !== times) throw new Error(`${laidOut.length} and ${shown.length} of ${times} events are in the trace`);
      const what = walk ? "change of step" : (press?.join(", ") ?? event);
      const [ms_median, ms_max, frame_ms_median, clock_ms_median] = [median(laidOut), Math.max(...laidOut), median(shown), median(clock)].map((ms) => round(ms, 2));
      const line = { lesson, step: walk ? "each" : step, what, ms_median, ms_max, frame_ms_median, clock_ms_median, times };
      all.push(walk ? { ...line, ...slowest(laidOut, steps) } : line);
    }
    return all;
  } finally {
    await close();
  }
}

/** Of the times of walks through `steps` steps: the one that is the slowest to come to, counted from 1, by its median. */
function slowest(times, steps) {
  const last = steps - 1;
  const by = Array.from({ length: steps }, () => []);
  times.forEach((ms, n) => by[last - Math.abs(last - ((n % (2 * last)) + 1))].push(ms));
  const medians = by.map(median);
  const slowest_ms = Math.max(...medians);
  return { slowest: medians.indexOf(slowest_ms) + 1, slowest_ms: round(slowest_ms, 2) };
}

/** Runs in the page. */
async function change({ field, event, values, press, count }) {
  const times = [];
  // What has been asked for is done before the next task that is posted.
  const task = () =>
    new Promise((next) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = next;
      port2.postMessage(0);
    });
  for (let n = 0; n < count; n++) {
    // A frame of its own for each, as for a hand, and time for what an earlier one has put off.
    await new Promise((next) => setTimeout(next, 80));
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    const shown = () => [...document.querySelectorAll("article")].map((article) => article.innerHTML).join("") + pixels();
    const pixels = () => [...document.querySelectorAll("article canvas")].map((canvas) => canvas.toDataURL()).join("");
    const before = shown();
    const words = press?.[n % press.length];
    const target = words ? [...document.querySelectorAll("button")].find((button) => button.textContent.trim() === words) : document.querySelector(field);
    performance.mark("begun");
    const begun = performance.now();
    if (words) {
      target.click();
    } else {
      target.value = values[n % values.length];
      target.dispatchEvent(new Event(event, { bubbles: true }));
    }
    // What follows is drawn in microtasks, which end before the next task.
    await task();
    document.body.getBoundingClientRect();
    times.push(performance.now() - begun);
    performance.mark("laid out");
    await new Promise((next) => requestAnimationFrame(() => task().then(next)));
    performance.mark("shown");
    if (shown() === before) throw new Error(`nothing changed after ${words ?? field}`);
  }
  return times;
}

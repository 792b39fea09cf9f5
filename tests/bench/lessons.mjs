// The lessons: how soon one can be used from a cold cache, what it fetches, and how long a change takes from the event to the new layout.
import { brotliCompressSync, constants } from "node:zlib";
import { open } from "./browser.mjs";
import { median, round } from "./report.mjs";

export const target = { usable_ms: 1000, brotli: 400_000 };
export const target_ms = 16;

/** So many times slower than this machine, as a phone may be: reported, not judged. */
export const slowdown = 4;

const circle = "&circle=10_50_90_130_170_210_250_290_20_60_100_140_180_220_260_300";

/** What a visitor does: moves a field of the step through values, or presses a button, by its words. */
const moves = [
  { lesson: "nt-xent", step: 2, field: "input[type=number]", event: "change", values: [0.1, 0.9] },
  { lesson: "nt-xent", step: 6, field: "input[type=range]", event: "input", values: [10, 40] },
  { lesson: "nt-xent", step: 8, query: circle, field: "input[type=range]", event: "input", values: [10, 40] },
  { lesson: "lars", step: 1, field: "input[type=range]", event: "input", values: [-2, 0] },
  { lesson: "lars", step: 3, field: "input[type=range]", event: "input", values: [3, 30] },
  { lesson: "lars", step: 6, field: "input[type=range]", event: "input", values: [20, 180] },
  { lesson: "nt-xent", step: 1, press: ["Draw again"] },
  { lesson: "nt-xent", step: 8, query: circle, press: ["One step"] },
  { lesson: "nt-xent", step: 3, press: ["Next", "Previous"] },
  { lesson: "lars", step: 2, press: ["Next", "Previous"] },
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
 * Milliseconds from each event to the layout that follows from it, for every one of `moves`, on a processor `slower` times slower: of the main
 * thread's processor time, so that other programs on the machine do not count, and by the clock.
 */
export async function inputs(origin, count, slower = 1) {
  const { browser, close } = await open();
  try {
    const page = await browser.newPage();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: slower });
    const all = [];
    for (const { lesson, step, query = "", field = "input", event, values, press } of moves) {
      await page.goto(`${origin}/lesson/${lesson}/?step=${step}${query}`);
      await page.waitForSelector(press ? "article button" : `article ${field}`);
      await browser.startTracing(page, { categories: ["blink.user_timing"] });
      const clock = await page.evaluate(change, { field: `article ${field}`, event, values, press, count });
      const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
      const at = (name) => traceEvents.filter((one) => one.name === name && one.tts).map((one) => one.tts / 1000);
      const begun = at("begun");
      const times = at("laid out").map((end, n) => end - begun[n]);
      if (times.length !== count) throw new Error(`${times.length} of ${count} events are in the trace`);
      const what = press ? press.join(", ") : event;
      all.push({ lesson, step, what, ms_median: round(median(times), 2), ms_max: round(Math.max(...times), 2), clock_ms_median: round(median(clock), 2) });
    }
    return all;
  } finally {
    await close();
  }
}

/** Runs in the page. */
async function change({ field, event, values, press, count }) {
  const times = [];
  for (let n = 0; n < count; n++) {
    // A frame of its own for each, as for a hand.
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
    await new Promise((next) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = next;
      port2.postMessage(0);
    });
    document.body.getBoundingClientRect();
    times.push(performance.now() - begun);
    performance.mark("laid out");
    if (shown() === before) throw new Error(`nothing changed after ${words ?? field}`);
  }
  return times;
}

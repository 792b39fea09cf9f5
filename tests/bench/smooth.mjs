// The page's main thread while the worker trains: its tasks, and its work a frame, of processor time, so that other programs do not count.
import { open } from "./browser.mjs";
import { begin } from "./start.mjs";
import { round } from "./report.mjs";

/** The longest task, and the work of 99 of 100 frames, in milliseconds. */
export const target = { task_ms: 50, frame_p99_ms: 8 };

const FRAME_US = 1e6 / 60;
const SECONDS = 15;

/** Trains on the sample set with so many threads, looking at the run's charts, and takes the times from Chromium's own trace. */
export async function mainThread(origin, threads) {
  const { browser, close } = await open();
  try {
    const page = await browser.newPage({ serviceWorkers: "block" });
    await page.addInitScript((threads) => localStorage.setItem("threads", threads), String(threads));
    await page.goto(`${origin}/`);
    await page.evaluate(begin);
    await browser.startTracing(page, { categories: ["toplevel", "__metadata"] });
    await page.waitForTimeout(SECONDS * 1000);
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const own = traceEvents.filter((one) => one.name === "thread_name" && one.args.name === "CrRendererMain");
    const tasks = traceEvents.filter((one) => one.ph === "X" && one.tdur !== undefined && own.some(({ pid, tid }) => pid === one.pid && tid === one.tid));
    // Tasks within others are part of those.
    const whole = tasks.filter((one) => one.name.endsWith("RunTask"));
    if (whole.length === 0) throw new Error("the trace has no task of the page");
    const frames = new Map();
    for (const { ts, tdur } of whole) {
      const frame = Math.floor(ts / FRAME_US);
      frames.set(frame, (frames.get(frame) ?? 0) + tdur / 1000);
    }
    const work = [...frames.values()].sort((a, b) => a - b);
    return {
      threads,
      task_ms: round(Math.max(...whole.map((one) => one.tdur)) / 1000),
      frame_p99_ms: round(work[Math.ceil(0.99 * work.length) - 1]),
      frames: work.length,
      tasks: whole.length,
    };
  } finally {
    await close();
  }
}

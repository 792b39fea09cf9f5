// How long the page's main thread is kept from the user, in time of the processor: other programs on the machine do not count.
import { expect } from "./fixtures.mjs";

/** Milliseconds of processor time of the main thread's longest tasks while `action` goes on, longest first. */
async function longest(browser, page, action) {
  await browser.startTracing(page, { categories: ["toplevel", "blink.user_timing"] });
  await page.evaluate(() => performance.mark("the-page"));
  await action();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const { pid, tid } = traceEvents.find((event) => event.name === "the-page");
  const tasks = traceEvents.filter((event) => event.pid === pid && event.tid === tid && event.ph === "X" && event.name.endsWith("RunTask"));
  expect(tasks.length, "tasks of the main thread in the trace").toBeGreaterThan(10);
  return tasks.map((task) => Math.round(task.tdur / 1000)).sort((a, b) => b - a);
}

/** No task of the main thread takes over 50 ms while `action` goes on; and one that does is seen by the same measure. */
export async function expectNoLongTask(browser, page, action) {
  const tasks = await longest(browser, page, action);
  expect(tasks.filter((ms) => ms > 50), "milliseconds of long tasks").toEqual([]);
  const control = await longest(browser, page, () =>
    page.evaluate(async () => {
      // By the clock, of which a busy machine gives this thread a part.
      const until = performance.now() + 600;
      while (performance.now() < until);
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    }),
  );
  expect(control[0], "the task that was made long on purpose").toBeGreaterThan(50);
}

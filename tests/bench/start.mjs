// From the click on "Use the sample set" to the first training step: cold, with nothing kept, and warm, in the same browser after that.
import { open } from "./browser.mjs";

/** Milliseconds that a person waits for, on two cores. */
export const target = { cold: 4000, warm: 2000 };

/** Until the browser keeps the program for the next visit, and until a page at rest is ready for a click. */
const KEPT = 20_000;
const REST = 2_000;

/** Runs in the page: presses "Use the sample set" and "Start", each as soon as it is there; milliseconds since the first click. */
export async function begin() {
  const until = async (find) => {
    for (;;) {
      const found = find();
      if (found) return found;
      await new Promise((next) => setTimeout(next, 4));
    }
  };
  const button = (words) => [...document.querySelectorAll("main button")].find((one) => one.textContent.trim() === words && !one.disabled);
  (await until(() => button("Use the sample set"))).click();
  const begun = performance.now();
  (await until(() => [...document.querySelectorAll("nav a")].find((one) => one.textContent.includes("Pre-train")))).click();
  const start = await until(() => button("Start"));
  const startable = performance.now() - begun;
  start.click();
  await until(() => /Step\s+[1-9]/.test(document.querySelector("main").innerText));
  return { startable, stepped: performance.now() - begun };
}

/** Both in a new browser: { cold, warm }. */
export async function startTimes(origin) {
  const { browser, close } = await open();
  try {
    const context = await browser.newContext();
    const visit = async () => {
      const page = await context.newPage();
      await page.goto(`${origin}/`);
      return page;
    };
    const page = await visit();
    const cold = await page.evaluate(begin);
    await page.waitForFunction(() => globalThis.keeper?.kept > 0, undefined, { timeout: KEPT });
    await page.close();
    const again = await visit();
    await again.waitForTimeout(REST);
    return { cold, warm: await again.evaluate(begin) };
  } finally {
    await close();
  }
}

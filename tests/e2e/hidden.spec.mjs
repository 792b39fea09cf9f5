// A page that nobody looks at goes on training. Playwright keeps its own pages visible and focused, so this one is in a Chromium of its own,
// which is joined without those defaults.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { test as base, expect } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { choose, quick, start, stepCount } from "./person.mjs";

const test = base.extend({
  /** A page with a run that outlasts the test, behind another one: the browser calls it hidden. */
  hidden: async ({ baseURL, launchOptions: { executablePath } }, use) => {
    const profile = mkdtempSync(join(tmpdir(), "simclr-lab-hidden-"));
    const flags = ["--headless=new", "--no-sandbox", "--no-first-run", "--remote-debugging-port=0", `--user-data-dir=${profile}`];
    const browser = spawn(executablePath ?? chromium.executablePath(), [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
    const ended = new Promise((resolve) => browser.once("exit", resolve));
    try {
      const address = await new Promise((resolve, reject) => {
        let said = "";
        browser.stderr.on("data", (text) => {
          const found = /listening on (ws:\S+)/.exec((said += text));
          if (found) resolve(found[1]);
        });
        browser.once("exit", () => reject(new Error(`Chromium did not start: ${said}`)));
      });
      const joined = await chromium.connectOverCDP(address, { noDefaults: true });
      const [context] = joined.contexts();
      const [page] = context.pages();
      const errors = [];
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      page.on("pageerror", (error) => errors.push(error.message));
      await page.goto(`${baseURL}data/`);
      await page.getByLabel("Image size").selectOption("16");
      await choose(page, file("stripes.zip", zip(stripeFolders(60))));
      await page.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
      await quick(page, 1000);
      await start(page);
      await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(5);
      const front = await context.newPage();
      await front.bringToFront();
      await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe("hidden");
      await use({ page, front });
      expect(errors, "errors in the browser").toEqual([]);
      await joined.close();
    } finally {
      browser.kill();
      await ended;
      // Its last process may still be writing: what that leaves in the temporary folder is no fault of the page.
      try {
        rmSync(profile, { recursive: true, force: true });
      } catch {}
    }
  },
});

test.setTimeout(180_000);

test("behind another page the step count rises, faster than a hidden page's timers tick", async ({ hidden: { page } }) => {
  const [before, begun] = [await stepCount(page), await page.evaluate(countTicks)];
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(before + 30);
  const seen = await page.evaluate(() => ({ state: document.visibilityState, ticks: window.ticks, ms: performance.now() }));
  expect(seen.state).toBe("hidden");
  // Chromium lets them tick about once a second, and not fifty times.
  expect(seen.ticks).toBeLessThan(((seen.ms - begun) / 1000) * 5);
});

test("frozen by the browser, and its worker with it, the run goes on afterwards where it stood", async ({ hidden: { page, front } }) => {
  await page.evaluate(() => {
    window.lifecycle = [];
    for (const name of ["freeze", "resume"]) document.addEventListener(name, () => window.lifecycle.push(name));
  });
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setWebLifecycleState", { state: "frozen" });
  const before = await stepCount(page);
  await front.evaluate(() => new Promise((later) => setTimeout(later, 3_000)));
  await session.send("Page.setWebLifecycleState", { state: "active" });
  expect(await page.evaluate(() => window.lifecycle)).toEqual(["freeze", "resume"]);
  await page.bringToFront();
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(before + 20);
  await expect(page.getByText("has not answered")).toHaveCount(0);
});

/** Runs in the page: a timer that would tick every 20 ms. */
function countTicks() {
  window.ticks = 0;
  setInterval(() => (window.ticks += 1), 20);
  return performance.now();
}

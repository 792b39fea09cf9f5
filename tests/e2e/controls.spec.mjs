// What the buttons of a run do at once, what they wait for, and what they leave alone.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { choose, go, hold, load, messages, quick, start, stepCount, trained, workerOf } from "./person.mjs";

test.setTimeout(240_000);
const stripesZip = () => file("stripes.zip", zip(stripeFolders(60)));
const button = (page, name) => page.getByRole("button", { name, exact: true });

/** Starts a long run and waits until it trains. */
async function training(page) {
  await quick(page, 500);
  await start(page);
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(2);
}

test("Pause, Resume and Cancel say that they were heard, and a second click does no harm", async ({ page }) => {
  const started = workerOf(page);
  await load(page, stripesZip());
  await training(page);

  let release = await hold(page, await started);
  await button(page, "Pause").click();
  await expect(button(page, "Pausing …")).toBeDisabled();
  await expect(button(page, "Pausing …")).toBeFocused();
  await expectAccessible(page);
  release();
  await expect(button(page, "Resume")).toBeEnabled();
  await expect(button(page, "Resume")).toBeFocused();

  const before = await stepCount(page);
  release = await hold(page, await started);
  await button(page, "Resume").click();
  await expect(button(page, "Resume")).toBeDisabled();
  await button(page, "Resume").click({ force: true });
  release();
  await expect.poll(() => stepCount(page)).toBeGreaterThan(before);
  await expect(button(page, "Pause")).toBeEnabled();

  release = await hold(page, await started);
  await button(page, "Cancel").click();
  await expect(button(page, "Cancelling …")).toBeDisabled();
  release();
  await expect(button(page, "Start again")).toBeVisible();
  await expect(messages(page)).toHaveText("");
});

test("a paused run and its evaluation are cancelled each by its own button", async ({ page }) => {
  const started = workerOf(page);
  await load(page, stripesZip());
  await training(page);
  await button(page, "Pause").click();
  await expect(button(page, "Resume")).toBeEnabled();
  const result = page.getByRole("heading", { name: "Result" });

  // The evaluation: the run stays paused, and cannot go on before that.
  let release = await hold(page, await started);
  await go(page, "Evaluate");
  await button(page, "Evaluate").click();
  await go(page, "Pre-train");
  await expect(button(page, "Resume")).toBeDisabled();
  await expect(button(page, "Step one batch")).toBeDisabled();
  await expect(page.getByText("once its evaluation or fine-tuning has ended")).toBeVisible();
  await expectAccessible(page);
  await go(page, "Evaluate");
  await page.getByRole("main").getByRole("button", { name: "Cancel" }).click();
  release();
  await expect(button(page, "Evaluate")).toBeEnabled({ timeout: 30_000 });
  await expect(result).toHaveCount(0);
  await go(page, "Pre-train");
  await expect(button(page, "Resume")).toBeEnabled();

  // The run: its evaluation goes on to a result.
  release = await hold(page, await started);
  await go(page, "Evaluate");
  await button(page, "Evaluate").click();
  await go(page, "Pre-train");
  await button(page, "Cancel").click();
  release();
  await expect(button(page, "Start again")).toBeVisible();
  await go(page, "Evaluate");
  await expect(result).toBeVisible({ timeout: 60_000 });
});

test("a start that is refused leaves the run before it as it was", async ({ page }) => {
  await load(page, stripesZip());
  await quick(page, 1);
  await start(page);
  await trained(page);
  const steps = await stepCount(page);
  // More than the 72 training images.
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("100");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
  await button(page, "Start again").click();
  await expect(messages(page)).toContainText("one batch of these settings needs 100");
  expect(await stepCount(page)).toBe(steps);
  const saved = page.waitForEvent("download");
  await button(page, "Download encoder").click();
  await saved;
});

test("measuring kNN can be left at a pause and comes again; evaluation can be cancelled", async ({ page }) => {
  // Large enough for both to take seconds.
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("64");
  await choose(page, file("stripes.zip", zip(stripeFolders(150))));
  await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 60_000 });
  await go(page, "Pre-train");
  await start(page);
  const run = page.getByRole("region", { name: "Run" });
  // After the first epoch: nobody waits for the first step.
  await expect(run).toContainText("Measuring kNN accuracy", { timeout: 120_000 });
  await button(page, "Pause").click();
  await expect(button(page, "Resume")).toBeEnabled({ timeout: 30_000 });
  expect(await stepCount(page)).toBeGreaterThan(0);
  const chart = page.getByRole("img", { name: /kNN accuracy/ });
  await expect(chart).not.toHaveAccessibleName(/%/);
  await button(page, "Resume").click();
  // The measurement begins anew, with two kinds of running statistics.
  await expect(chart).toHaveAccessibleName(/%/, { timeout: 120_000 });
  await button(page, "Cancel").click();
  await expect(button(page, "Start again")).toBeVisible({ timeout: 30_000 });

  await go(page, "Evaluate");
  await button(page, "Evaluate").click();
  await page.getByRole("main").getByRole("button", { name: "Cancel" }).click();
  await expect(button(page, "Evaluate")).toBeEnabled({ timeout: 30_000 });
  await expect(page.getByRole("heading", { name: "Result" })).toHaveCount(0);
  await expectAccessible(page);
});

test("the screen is kept awake while a run is at work, and no longer", async ({ page }) => {
  await page.addInitScript(() => {
    window.lockLog = [];
    const request = async () => {
      window.lockLog.push("request");
      return { release: async () => void window.lockLog.push("release") };
    };
    Object.defineProperty(navigator, "wakeLock", { value: { request } });
  });
  const log = () => page.evaluate(() => window.lockLog);
  await load(page, stripesZip());
  expect(await log()).toEqual([]);
  await training(page);
  expect(await log()).toEqual(["request"]);
  // The browser takes the lock away from a hidden tab.
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
  await expect.poll(log).toEqual(["request", "request", "release"]);
  await button(page, "Pause").click();
  await expect(button(page, "Resume")).toBeEnabled();
  await expect.poll(log).toEqual(["request", "request", "release", "release"]);
  await button(page, "Resume").click();
  await expect.poll(log).toEqual(["request", "request", "release", "release", "request"]);
  await button(page, "Cancel").click();
  await expect(button(page, "Start again")).toBeVisible();
  await expect.poll(log).toEqual(["request", "request", "release", "release", "request", "release"]);
});

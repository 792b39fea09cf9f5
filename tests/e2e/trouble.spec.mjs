// What goes wrong around the worker: it dies without a word, there is no GPU, the page stands still.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { go, load, quick, start, stepCount } from "./person.mjs";

test.setTimeout(180_000);
const stripesZip = () => file("stripes.zip", zip(stripeFolders(60)));

/** Keeps the page's worker within reach of the test. */
const keepWorker = (page) =>
  page.addInitScript(() => {
    window.Worker = class extends Worker {
      constructor(...parameters) {
        super(...parameters);
        window.keptWorker = this;
      }
    };
  });

test("a worker that dies in mid-run without a word: after a minute a restart is offered, and it works", async ({ page }) => {
  await keepWorker(page);
  await page.clock.install();
  await load(page, stripesZip());
  await quick(page, 500);
  await start(page);
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(2);
  await page.evaluate(() => window.keptWorker.terminate());
  const offer = page.getByText("has not answered for a minute");
  await page.clock.fastForward(40_000);
  await page.waitForTimeout(500);
  await expect(offer, "within the minute").toHaveCount(0);
  await page.clock.fastForward(30_000);
  await expect(offer).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("button", { name: "Restart" }).click();
  await expect(offer).toHaveCount(0);
  await go(page, "Images");
  await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("main")).toContainText("stripes.zip");
  await quick(page, 1);
  await start(page);
  await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 60_000 });
});

for (const [name, change, cause] of [
  ["navigator.gpu removed", 'Object.defineProperty(WorkerNavigator.prototype, "gpu", { value: undefined });', "This browser has no WebGPU."],
  ["no adapter", "GPU.prototype.requestAdapter = async () => null;", "found no graphics adapter"],
]) {
  test(`${name}: the page says so and trains on the CPU`, async ({ page }) => {
    await page.route(/worker\.js/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${change}\n${await response.text()}` });
    });
    await load(page, stripesZip());
    await quick(page, 1);
    await expect(page.getByRole("region", { name: "Device" })).toContainText(cause);
    await expectAccessible(page);
    await start(page);
    await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 60_000 });
    // Asking for the GPU names the cause again and loses nothing.
    await page.getByRole("radio", { name: "WebGPU" }).click({ force: true });
    await expect(page.getByRole("alert", { name: "Messages" })).toContainText(cause);
    await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible();
  });
}

test("with the page at a standstill the worker goes on", async ({ page }) => {
  await keepWorker(page);
  await load(page, stripesZip());
  await quick(page, 1000);
  await start(page);
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(5);

  // A visible page cannot be frozen from outside (Chromium then freezes nothing), so its thread is held: no timer, frame or
  // message is served for three seconds; what the worker sent meanwhile then comes at once.
  const held = await stepCount(page);
  const sent = await page.evaluate(async () => {
    let messages = 0;
    window.keptWorker.addEventListener("message", () => messages++);
    const until = performance.now() + 3_000;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 100));
    return messages;
  });
  expect(sent, "messages of steps").toBeGreaterThan(10);
  await expect.poll(() => stepCount(page), { timeout: 1_000 }).toBeGreaterThan(held + 10);
});

test("evaluation can be cancelled", async ({ page }) => {
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("32");
  await page.getByRole("button", { name: "Load the sample set" }).click();
  await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 90_000 });
  await quick(page, 1);
  await start(page);
  await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 120_000 });
  await go(page, "Evaluate");
  await page.getByRole("button", { name: "Evaluate", exact: true }).click();
  await page.getByRole("button", { name: /Cancel/ }).click();
  await expect(page.getByRole("button", { name: "Evaluate", exact: true })).toBeEnabled({ timeout: 30_000 });
  await expect(page.getByRole("heading", { name: "Result" })).toHaveCount(0);
  await expectAccessible(page);
});

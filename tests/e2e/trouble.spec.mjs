// What goes wrong around the worker: it dies without a word, there is no GPU, the page stands still.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { chooseDevice, go, hold, inWorker, keepWorker, load, messages, quick, restart, start, stepCount, trained, workerOf } from "./person.mjs";

test.setTimeout(180_000);
const noGpu = 'Object.defineProperty(WorkerNavigator.prototype, "gpu", { value: undefined });';
const stripesZip = () => file("stripes.zip", zip(stripeFolders(60)));

test("a worker that dies in mid-run without a word: after a minute a restart is offered, and it works", async ({ page }) => {
  await keepWorker(page);
  await page.clock.install();
  await load(page, stripesZip());
  await quick(page, 500);
  await start(page);
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(2);
  await page.evaluate(() => window.keptWorker.terminate());
  const offer = page.getByText("has not answered for a minute");
  await page.clock.runFor(40_000);
  await expect(offer, "within the minute").toHaveCount(0);
  await page.clock.runFor(30_000);
  await expect(offer).toBeVisible();
  await expectAccessible(page);

  // Whoever waits is told again after another minute.
  await page.getByRole("button", { name: "Keep waiting" }).click();
  await expect(offer).toHaveCount(0);
  await page.clock.runFor(70_000);
  await expect(offer).toBeVisible();

  await restart(page, "stripes.zip");
  await expect(offer).toHaveCount(0);
  await quick(page, 1);
  await start(page);
  await trained(page);
});

test("a page left alone for minutes does not call its worker silent, and a restart gives up what was asked", async ({ page }) => {
  const started = workerOf(page);
  await page.clock.install();
  await load(page, stripesZip());
  await go(page, "Pre-train");
  const card = page.getByRole("region", { name: "Estimate" });
  await expect(card).toContainText("Timed on this device", { timeout: 60_000 });
  await page.clock.fastForward("05:00");
  await hold(page, await started);
  // Settings of one's own are timed after a quiet second.
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("8");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
  await page.clock.runFor(1_500);
  await expect(card.getByText("Timing a few steps")).toBeVisible();
  const offer = page.getByText("has not answered for a minute");
  await page.clock.runFor(20_000);
  await expect(offer).toHaveCount(0);

  await page.clock.runFor(60_000);
  await expect(offer).toBeVisible();
  await restart(page, "stripes.zip");
  await go(page, "Pre-train");
  await page.clock.runFor(1_500);
  await expect(card).toContainText("Timed on this device", { timeout: 60_000 });
  await expect(card.getByText("Timing a few steps")).toHaveCount(0);
});

for (const [name, change, cause] of [
  ["navigator.gpu removed", noGpu, "This browser has no WebGPU."],
  ["no adapter", "GPU.prototype.requestAdapter = async () => null;", "found no graphics adapter"],
]) {
  test(`${name}: the page says so and trains on the CPU`, async ({ page }) => {
    await inWorker(page, change);
    await load(page, stripesZip());
    await quick(page, 1);
    const device = page.getByRole("region", { name: "Device" });
    await expect(device).toContainText(cause);
    await expectAccessible(page);
    await start(page);
    await trained(page);
    // Asking for the GPU names the cause again, loses nothing, and the choice is what it was.
    await chooseDevice(page, "CPU");
    await expect(device).not.toContainText(cause);
    await chooseDevice(page, "WebGPU");
    await page.getByRole("dialog").getByRole("button", { name: "Change the device" }).click();
    await expect(messages(page)).toContainText(cause);
    await expect(page.getByRole("radio", { name: "CPU" })).toBeChecked();
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

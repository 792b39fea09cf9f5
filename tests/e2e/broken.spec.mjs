// A worker that breaks: its panic, an error, a rejected promise and a lost device each reach the page with their words, and a
// restart brings the images back.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { chooseDevice, go, inWorker, keepWorker, load, messages, quick, restart, start, stepCount, trained, workerOf } from "./person.mjs";

test.setTimeout(240_000);
// One pattern: Playwright takes a pair for a value and its options.
test.use({ expectedErrors: [/in this test|unreachable|device was lost/] });

const stripesZip = (count = 60) => file("stripes.zip", zip(stripeFolders(count)));
const panic = (page) =>
  page.evaluate(() => {
    window.keptWorker.postMessage({ check: JSON.stringify({ id: 0, panic: "a panic in this test" }) });
  });
const throwing = () =>
  void setTimeout(() => {
    throw new Error("an error in this test");
  });

for (const [name, breaks, cause] of [
  ["a panic", panic, "a panic in this test"],
  ["an error", (_, worker) => worker.evaluate(throwing), "an error in this test"],
  ["a rejection", (_, worker) => worker.evaluate(() => void Promise.reject(new Error("a rejection in this test"))), "a rejection in this test"],
]) {
  test(`${name} inside the worker ends it with its message, and after a restart the page trains`, async ({ page }) => {
    await keepWorker(page);
    const started = workerOf(page);
    await load(page, stripesZip());
    await quick(page, 500);
    await start(page);
    await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(2);
    await breaks(page, await started);

    await expect(messages(page)).toContainText(cause);
    await expect(messages(page).getByText("Something went wrong inside the program"), "one message").toHaveCount(1);
    await expect(messages(page).getByRole("button", { name: "Restart" })).toHaveCount(1);
    await expect(page.getByRole("region", { name: "Device" })).toContainText("has stopped");
    await expectAccessible(page);
    // Closing the message leaves no dead page behind.
    await messages(page).getByRole("button", { name: "Dismiss" }).click();
    await expect(messages(page)).not.toContainText(cause);
    await expectAccessible(page);

    await restart(page, "stripes.zip");
    await expect(messages(page)).toHaveText("");
    await quick(page, 1);
    await start(page);
    await trained(page);
  });
}

test("work asked of a worker that has ended starts another, with the images", async ({ page }) => {
  await keepWorker(page);
  await load(page, stripesZip());
  await panic(page);
  await expect(messages(page)).toContainText("a panic in this test");
  await go(page, "NT-Xent");
  await page.getByRole("button", { name: "9 Your device" }).click();
  await page.getByRole("button", { name: "Compute on this device" }).click();
  await go(page, "Images");
  await expect(page.getByRole("main")).toContainText("stripes.zip");
});

test("a device lost in mid-run: the cause, a restart, and training on it again", async ({ page }) => {
  // An emulated GPU on a busy machine takes its time, twice.
  test.setTimeout(480_000);
  await inWorker(
    page,
    `const request = GPUAdapter.prototype.requestDevice;
     GPUAdapter.prototype.requestDevice = async function (...options) {
       return (self.testDevice = await request.apply(this, options));
     };`,
  );
  const started = workerOf(page);
  await load(page, stripesZip(27));
  await quick(page, 500);
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("8");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
  await chooseDevice(page, "WebGPU");
  const device = page.getByRole("region", { name: "Device" });
  await expect(device).toContainText("GPU (WebGPU)");
  await start(page);
  await expect.poll(() => stepCount(page), { timeout: 120_000 }).toBeGreaterThan(0);
  await (await started).evaluate(() => self.testDevice.destroy());

  await expect(messages(page)).toContainText("The connection to the GPU was lost", { timeout: 60_000 });
  await expect(messages(page).getByRole("button", { name: "Restart" })).toHaveCount(1);
  await expect(page.getByRole("button", { name: "Pause" })).toHaveCount(0);
  await expectAccessible(page);

  await restart(page, "stripes.zip");
  await go(page, "Pre-train");
  await expect(page.getByRole("radio", { name: "WebGPU" })).toBeChecked();
  await expect(device).toContainText("GPU (WebGPU)");
  await page.getByRole("spinbutton", { name: "Epochs" }).fill("1");
  await page.getByRole("spinbutton", { name: "Epochs" }).blur();
  await start(page);
  await trained(page);
});

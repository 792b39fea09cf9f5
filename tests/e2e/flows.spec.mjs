// Whole flows as a person would go through them: images, pre-training, linear evaluation; on the CPU backend, and one on WebGPU.
import { readFile } from "node:fs/promises";
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { evaluate, go, load, quick, start, stepCount } from "./person.mjs";

test.setTimeout(300_000);

test("the sample set, from one click to a result; nothing is fetched once the worker is there", async ({ page, requests, baseURL }) => {
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("16");
  await page.getByRole("button", { name: "Load the sample set" }).click();
  await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 90_000 });
  await expectAccessible(page);
  const fetched = requests.length;
  expect(requests.every(({ url }) => url.startsWith(baseURL))).toBe(true);

  await quick(page, 2);
  await expectAccessible(page);
  await start(page);
  await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 200_000 });
  await expect(page.getByRole("img", { name: /NT-Xent loss/ }).first()).toBeVisible();
  await expectAccessible(page);

  await evaluate(page, "Evaluate");
  await expect(page.getByText("Test set used once")).toBeVisible();
  await expect(page.getByRole("table", { name: "Accuracy on the test images" })).toContainText("Untrained encoder");
  await expectAccessible(page);
  expect(requests.slice(fetched), "requests once the worker is there").toEqual([]);

  // One that the worker makes would have been seen.
  const [worker] = page.workers();
  await worker.evaluate((url) => fetch(url).then((response) => response.text()), `${baseURL}help/`);
  expect(requests.slice(fetched).map(({ url }) => url)).toEqual([`${baseURL}help/`]);
});

/** Tensors of a safetensors file by name, after a look at its whole form. */
function safetensors(bytes) {
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__, ...tensors } = JSON.parse(bytes.subarray(8, 8 + length).toString());
  let end = 0;
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(tensors).sort((a, b) => a[1].data_offsets[0] - b[1].data_offsets[0])) {
    expect([dtype, data_offsets[0]], name).toEqual(["F32", end]);
    expect(data_offsets[1] - data_offsets[0], name).toBe(4 * shape.reduce((a, b) => a * b, 1));
    end = data_offsets[1];
  }
  expect(8 + length + end, "bytes of the file").toBe(bytes.length);
  const values = ({ data_offsets: [from, to] }) => new Float32Array(new Uint8Array(bytes.subarray(8 + length + from, 8 + length + to)).buffer);
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, { shape: tensor.shape, values: values(tensor) }]));
}

test("an uploaded zip: pause, one batch, evaluate, resume, cancel keeps what was learned, which is downloaded", async ({ page }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await expect(page.getByRole("main")).toContainText("stripes.zip");

  await quick(page, 500);
  await start(page);
  await page.getByRole("button", { name: "Pause" }).click({ timeout: 120_000 });
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  const step = () => stepCount(page);
  const paused = await step();
  await page.waitForTimeout(1_500);
  expect(await step(), "a paused run stands still").toBe(paused);
  await page.getByRole("button", { name: "Step one batch" }).click();
  await expect.poll(step).toBe(paused + 1);

  // A paused run can be judged, trained on, and judged again: the page counts.
  await evaluate(page, "Evaluate");
  await expect(page.getByText("Test set used once")).toBeVisible();
  await go(page, "Pre-train");
  await page.getByRole("button", { name: "Resume" }).click();
  await expect.poll(step, { timeout: 30_000 }).toBeGreaterThan(paused + 1);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Start again" })).toBeVisible();
  await evaluate(page, "Evaluate again");
  await expect(page.getByText("Test set used 2 times")).toBeVisible();
  await expect(page.getByText("this one is a little too good")).toBeVisible();

  await go(page, "Pre-train");
  const downloads = {};
  page.on("download", (download) => (downloads[download.suggestedFilename()] = download));
  await page.getByRole("button", { name: "Download encoder" }).click();
  await expect.poll(() => Object.keys(downloads).sort()).toEqual(["encoder.json", "encoder.safetensors"]);
  const content = async (name) => readFile(await downloads[name].path());
  const config = JSON.parse(await content("encoder.json"));
  expect(config).toMatchObject({ image_size: 16, encoder: { architecture: "ConvNet4", width: 8 }, epochs: 500, seed: 0 });
  const tensors = safetensors(await content("encoder.safetensors"));
  const convolutions = Object.values(tensors).filter(({ shape }) => shape.length === 4);
  expect(convolutions.map(({ shape }) => shape).sort((a, b) => a[0] - b[0])).toEqual([[8, 3, 3, 3], [16, 8, 3, 3], [32, 16, 3, 3], [64, 32, 3, 3]]);
  for (const { values } of convolutions) {
    expect(values.every(Number.isFinite)).toBe(true);
    expect(new Set(values).size, "values that differ").toBeGreaterThan(values.length / 2);
  }
});

test("on WebGPU: sixteen images a class, four steps, and a result", async ({ page }) => {
  await load(page, file("few.zip", zip(stripeFolders(27))));
  await quick(page, 1);
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("8");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
  await page.getByRole("radio", { name: "WebGPU" }).check({ force: true });
  const device = page.getByRole("region", { name: "Device" });
  const messages = page.getByRole("alert", { name: "Messages" });
  const onGpu = async () => {
    await expect(device).toContainText("GPU (WebGPU)");
    await expect(page.getByRole("radio", { name: "WebGPU" })).toBeChecked();
    await expect(messages).toHaveText("");
  };
  await expect(device).toContainText("GPU (WebGPU)", { timeout: 60_000 });
  await onGpu();
  await start(page);
  await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 240_000 });
  await expect(page.getByRole("main")).toContainText("4 of 4");
  await onGpu();
  await evaluate(page, "Evaluate");
  await expect(page.getByRole("table", { name: "Accuracy on the test images" })).toContainText("Your encoder");
  await go(page, "Pre-train");
  await onGpu();
});

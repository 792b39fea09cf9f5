// Whole flows as a person would go through them, on the CPU backend: images, pre-training, linear evaluation.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { go, load, quick, start, stepCount } from "./person.mjs";

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

  await go(page, "Evaluate");
  await page.getByRole("button", { name: "Evaluate", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 200_000 });
  await expect(page.getByText("Test set used once")).toBeVisible();
  await expect(page.getByRole("table", { name: "Accuracy on the test images" })).toContainText("Untrained encoder");
  await expectAccessible(page);
  expect(requests.slice(fetched), "requests once the worker is there").toEqual([]);
});

test("an uploaded zip: pause, one batch, resume, cancel keeps what was learned", async ({ page }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await expect(page.getByRole("main")).toContainText("stripes.zip");

  await quick(page, 500);
  await start(page);
  await page.getByRole("button", { name: "Pause" }).click({ timeout: 120_000 });
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  await expectAccessible(page);
  const step = () => stepCount(page);
  const paused = await step();
  await page.waitForTimeout(1_500);
  expect(await step(), "a paused run stands still").toBe(paused);
  await page.getByRole("button", { name: "Step one batch" }).click();
  await expect.poll(step).toBe(paused + 1);
  await page.getByRole("button", { name: "Resume" }).click();
  await expect.poll(step, { timeout: 30_000 }).toBeGreaterThan(paused + 1);
  await expectAccessible(page);
  await go(page, "Home");
  await expectAccessible(page);
  await go(page, "Pre-train");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Start again" })).toBeVisible();
  await expectAccessible(page);

  const downloads = [];
  page.on("download", (download) => downloads.push(download.suggestedFilename()));
  await page.getByRole("button", { name: "Download encoder" }).click();
  await expect.poll(() => downloads.sort()).toEqual(["encoder.json", "encoder.safetensors"]);
});

test("on WebGPU: sixteen images a class, four steps", async ({ page }) => {
  await load(page, file("few.zip", zip(stripeFolders(27))));
  await quick(page, 1);
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("8");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
  await page.getByRole("radio", { name: "WebGPU" }).check({ force: true });
  await expect(page.getByRole("main")).toContainText(/swiftshader|google|webgpu/i);
  await start(page);
  await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 240_000 });
  await expect(page.getByRole("main")).toContainText("4 of 4");
});

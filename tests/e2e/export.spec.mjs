// A run as one archive: what is in it, as other programs read it.
import { readFile, writeFile } from "node:fs/promises";
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { go, load, quick, start, trained } from "./person.mjs";
import { unzip } from "./unzip.mjs";

test.setTimeout(300_000);

/** Names and shapes in a safetensors file. */
function tensors(bytes) {
  const length = Number(bytes.readBigUInt64LE(0));
  return JSON.parse(bytes.toString("utf8", 8, 8 + length));
}

test("the archive of a run holds what PyTorch, numpy and a spreadsheet read, and the run itself", async ({ page }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(30))));
  await quick(page, 2);
  await start(page);
  await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 120_000 });
  await go(page, "Evaluate");
  await page.getByRole("button", { name: "Evaluate", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Export the run" })).toBeVisible({ timeout: 200_000 });
  await expectAccessible(page);

  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export the run (zip)" }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toMatch(/^simclr-.+\.zip$/);
  const files = unzip(await readFile(await download.path()));
  expect(Object.keys(files).sort()).toEqual([
    "README.md",
    "checkpoint.safetensors",
    "classifier.safetensors",
    "curve.safetensors",
    "encoder.safetensors",
    "epochs.csv",
    "features.npy",
    "images.csv",
    "load_encoder.py",
    "run.json",
    "steps.csv",
  ]);

  const run = JSON.parse(files["run.json"]);
  expect(run.config.encoder).toEqual({ architecture: "ConvNet4", stem: "Small", width: 8, start: "Random" });
  expect(run.evaluation.trained.test.accuracy).toBeGreaterThan(0);
  const encoder = tensors(files["encoder.safetensors"]);
  expect(encoder["conv4.weight"].shape).toEqual([64, 32, 3, 3]);
  expect(encoder["bn1.running_var"].dtype).toBe("F32");
  expect(tensors(files["classifier.safetensors"])["fc.weight"].shape).toEqual([2, 64]);
  expect(tensors(files["checkpoint.safetensors"]).__metadata__.steps).toBe(String(run.steps));
  const steps = files["steps.csv"].toString().trim().split("\r\n");
  expect(steps[0]).toContain("step,epoch,loss");
  expect(steps.length).toBe(run.steps + 1);
  const images = files["images.csv"].toString().trim().split("\r\n").length - 1;
  expect(files["features.npy"].toString("latin1")).toContain(`'shape': (${images}, 64)`);
  expect(files["README.md"].toString()).toContain("stripes.zip");
});

test("an archive is imported in another browser; a broken one or another zip changes nothing", async ({ page, browser, baseURL }, info) => {
  await load(page, file("stripes.zip", zip(stripeFolders(30))));
  await quick(page, 2);
  await start(page);
  await trained(page);
  await go(page, "Fine-tune");
  for (const [name, value] of [["Epochs", "1"], ["Fewest steps", "0"], ["Batch size", "8"]]) {
    await page.getByRole("spinbutton", { name }).fill(value);
    await page.getByRole("spinbutton", { name }).blur();
  }
  await page.getByRole("combobox", { name: "Classifier on" }).selectOption("First layer of the head");
  await page.getByRole("button", { name: "Fine-tune", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 60_000 });
  await go(page, "Evaluate");
  await page.getByRole("button", { name: "Evaluate", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Export the run" })).toBeVisible({ timeout: 200_000 });
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export the run (zip)" }).click();
  const archive = await readFile(await (await waiting).path());
  await page.close();
  const files = unzip(archive);
  const tuned = tensors(files["fine_tuned.safetensors"]);
  const shapes = ["fc.weight", "head.layers.0.weight", "conv4.weight"].map((name) => tuned[name].shape);
  expect(shapes).toEqual([[2, 64], [64, 64], [64, 32, 3, 3]]);
  expect(files["README.md"].toString()).toMatch(/the same network with the projection head's first layer \(`head`\) and a linear classifier: fine-tuned/);

  const context = await browser.newContext({ baseURL });
  const other = await context.newPage();
  await other.goto("runs/");
  await expect(other.getByText("No run is stored yet")).toBeVisible({ timeout: 60_000 });
  const importFile = async (name, bytes) => {
    const path = info.outputPath(name);
    await writeFile(path, bytes);
    await other.getByLabel("Archive of a run").setInputFiles(path);
  };
  const half = Buffer.from(archive.subarray(0, archive.length / 2));
  const flipped = Buffer.from(archive);
  flipped[archive.indexOf("checkpoint.safetensors") + 2_000] ^= 255;
  for (const [name, bytes, said] of [
    ["half.zip", half, /no zip archive/],
    ["flipped.zip", flipped, /checkpoint\.safetensors/],
    ["holiday.zip", zip(stripeFolders(1)), /run\.json/],
    ["letter.txt", Buffer.from("dear diary"), /no zip archive/],
  ]) {
    await importFile(name, bytes);
    await expect(other.getByRole("alert").filter({ hasText: said }), name).toBeVisible();
  }
  await expectAccessible(other);
  await expect(other.getByText("No run is stored yet")).toBeVisible();

  await importFile("run.zip", archive);
  const row = other.getByRole("table", { name: "Stored runs" }).getByRole("row").filter({ hasText: "stripes.zip (60)" });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText("Finished");
  await expect(row).toContainText("test set used once");
  // Twice is two runs, not one overwritten.
  await importFile("run.zip", archive);
  await expect(row).toHaveCount(2);
  await context.close();
});

// A run as one archive: what is in it, as other programs read it.
import { inflateRawSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { go, load, quick, start } from "./person.mjs";

test.setTimeout(300_000);

/** Files of a zip archive by name, from its directory at the end. */
function unzip(bytes) {
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  const files = {};
  for (let i = 0, at = bytes.readUInt32LE(end + 16); i < bytes.readUInt16LE(end + 10); i++) {
    const [method, packed, names, extra, comment, local] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
      bytes.readUInt32LE(at + 42),
    ];
    const name = bytes.toString("utf8", at + 46, at + 46 + names);
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(from, from + packed);
    files[name] = method === 8 ? inflateRawSync(data) : data;
    at += 46 + names + extra + comment;
  }
  return files;
}

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
  await expect(page.getByRole("heading", { name: "Take it home" })).toBeVisible({ timeout: 200_000 });
  await expectAccessible(page);

  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download the run (zip)" }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toMatch(/^simclr-.+\.zip$/);
  const files = unzip(await readFile(await download.path()));
  expect(Object.keys(files).sort()).toEqual([
    "README.md",
    "checkpoint.safetensors",
    "curve.bin",
    "encoder.safetensors",
    "epochs.csv",
    "features.npy",
    "images.csv",
    "load_encoder.py",
    "run.json",
    "steps.csv",
  ]);

  const run = JSON.parse(files["run.json"]);
  expect(run.config.encoder).toEqual({ architecture: "ConvNet4", stem: "Small", width: 8 });
  expect(run.evaluation.trained.test.accuracy).toBeGreaterThan(0);
  const encoder = tensors(files["encoder.safetensors"]);
  expect(encoder["conv4.weight"].shape).toEqual([64, 32, 3, 3]);
  expect(encoder["bn1.running_var"].dtype).toBe("F32");
  expect(tensors(files["checkpoint.safetensors"]).__metadata__.steps).toBe(String(run.steps));
  const steps = files["steps.csv"].toString().trim().split("\r\n");
  expect(steps[0]).toContain("step,epoch,loss");
  expect(steps.length).toBe(run.steps + 1);
  const images = files["images.csv"].toString().trim().split("\r\n").length - 1;
  expect(files["features.npy"].toString("latin1")).toContain(`'shape': (${images}, 64)`);
  expect(files["README.md"].toString()).toContain("stripes.zip");
});

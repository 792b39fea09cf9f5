// Makes one folder of tests/stored: everything that the built page stores in a browser, and an archive. `cargo xtask corpus NAME` runs it.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test, expect } from "./fixtures.mjs";
import { startHub, useHub } from "./hub.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { evaluate, go, load, pause, quick, start, trained, training } from "./person.mjs";

/** Larger files are left out: the tests open descriptions of downloaded weights, not 45 MB of zeros. */
const MOST = 1_000_000;
const LARGE = 100_000;

test("the corpus", async ({ page }) => {
  test.setTimeout(600_000);
  const target = process.env.CORPUS;
  const button = (name) => page.getByRole("button", { name, exact: true });
  const fill = async (name, value) => {
    await page.getByRole("spinbutton", { name }).fill(value);
    await page.getByRole("spinbutton", { name }).blur();
  };
  const hub = await startHub();
  await useHub(page, hub);

  // A finished run: evaluated, fine-tuned, exported, named.
  await load(page, file("stripes.zip", zip(stripeFolders(30))));
  await quick(page, 2);
  await start(page);
  await trained(page);
  await evaluate(page, "Evaluate");
  await go(page, "Fine-tune");
  await fill("Epochs", "2");
  await fill("Batch size", "8");
  await button("Fine-tune").click();
  await page.getByRole("heading", { name: "Result" }).waitFor({ timeout: 60_000 });
  await go(page, "Evaluate");
  const waiting = page.waitForEvent("download");
  await button("Export the run (zip)").click();
  const archive = await (await waiting).path();

  // A second fine-tuning of it, not finished.
  await go(page, "Fine-tune");
  await fill("Epochs", "1000");
  await page.getByRole("combobox", { name: "Labels" }).selectOption("100");
  await button("Fine-tune").click();
  await button("Pause").click();
  await expect(button("Resume")).toBeEnabled({ timeout: 60_000 });

  // Images, published weights and a queue.
  await go(page, "Runs");
  await page.getByRole("region", { name: "Storage" }).getByRole("button", { name: "Keep these images" }).click();
  await expect(page.getByRole("region", { name: "Storage" })).toContainText("Kept: stripes.zip (60)");
  await page.getByRole("button", { name: /^More/ }).click();
  await page.locator("#run-panel").getByLabel("Name").fill("first, finished");
  await page.locator("#run-panel").getByRole("button", { name: "Save name" }).click();
  await page.locator("#run-panel").getByRole("combobox", { name: /^Setting/ }).selectOption("seed");
  for (const [at, seed] of ["23", "29"].entries()) {
    await page.locator("#run-panel").getByLabel("Value", { exact: true }).fill(seed);
    await button("Add to the queue").click();
    await expect(page.getByRole("region", { name: "Queue" }).getByRole("listitem")).toHaveCount(at + 1);
  }
  await go(page, "Pre-train");
  await page.getByText("Encoder and head", { exact: true }).click();
  await page.getByLabel("Encoder", { exact: true }).selectOption("ResNet-18");
  await page.getByLabel("Start", { exact: true }).selectOption("ImageNet weights");
  await page.getByRole("button", { name: /^Fetch from the Hub/ }).click();
  await page.getByText(/The weights of ResNet-18 are kept in this browser/).waitFor({ timeout: 60_000 });

  // A run in the midst of it, in another tab: a fine-tuning is at work in this one.
  const other = await page.context().newPage();
  await useHub(other, hub);
  await load(other, file("stripes.zip", zip(stripeFolders(30))));
  await training(other, 2000);
  await pause(other);
  await other.close();
  await page.goto("help/");

  const stored = await page.evaluate(async (most) => {
    const found = [];
    const walk = async (folder, path) => {
      for await (const [name, entry] of folder.entries()) {
        if (entry.kind === "directory") await walk(entry, `${path}${name}/`);
        else {
          const bytes = await entry.getFile();
          const data = bytes.size > most ? null : Array.from(new Uint8Array(await bytes.arrayBuffer()));
          found.push({ path: path + name, size: bytes.size, data });
        }
      }
    };
    await walk(await navigator.storage.getDirectory(), "");
    return found;
  }, MOST);
  // Of two large slots only the newer one, so that the repository stays small.
  const generation = (data) => Buffer.from(data).readBigUInt64LE(12);
  const older = ({ path, size, data }) => {
    const other = stored.find((one) => one.path === path.replace(/[ab]$/, (slot) => (slot === "a" ? "b" : "a")));
    return size > LARGE && other?.data && path !== other.path && generation(other.data) > generation(data);
  };
  await rm(target, { recursive: true, force: true });
  for (const { path, data } of stored.filter((one) => one.data && !older(one))) {
    await mkdir(dirname(join(target, "opfs", path)), { recursive: true });
    await writeFile(join(target, "opfs", path), Buffer.from(data));
  }
  await writeFile(join(target, "archive.zip"), await readFile(archive));
  console.log(stored.map(({ path, size, data }) => `${path} ${size}${data ? "" : " left out"}`).join("\n"));
  hub.close();
});

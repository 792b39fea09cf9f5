// The ways images come in, and how reading them is given up.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test as base, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, stripes, zip } from "./make.mjs";
import { choose, go, load, quick, start, stepCount } from "./person.mjs";

const test = base.extend({
  /** Writes files below a new folder, which goes when the test ends, and gives the folder's path. */
  folder: async ({}, use) => {
    const root = mkdtempSync(join(tmpdir(), "images-"));
    await use((files) => {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), content);
      }
      return root;
    });
    rmSync(root, { recursive: true });
  },
});

const loaded = (page) => expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 60_000 });

/** The row of a class: training, validation, test, all. */
const expectClass = (page, name, counts) =>
  expect(page.getByRole("row", { name: new RegExp(`^${name} `) })).toContainText(new RegExp(counts.join("\\s*")));

test("a second zip becomes the test set", async ({ page }) => {
  await load(page, file("train.zip", zip(stripeFolders(20))));
  await page.getByRole("radio", { name: "Test set" }).check();
  // Other images than those of the first: stripes by other seeds.
  const others = { "set/across/a.png": stripes(901, false), "set/across/b.png": stripes(903, false), "set/along/a.png": stripes(902, true) };
  await choose(page, file("test.zip", zip(others)));
  await expect(page.getByRole("main")).toContainText(/Images\s*43/, { timeout: 60_000 });
  await expectClass(page, "across", [16, 4, 2, 22]);
  await expectClass(page, "along", [16, 4, 1, 21]);
  await expect(page.getByRole("main")).toContainText("test.zip");
});

test("a chosen folder", async ({ page, folder }) => {
  const path = folder(stripeFolders(10, "pictures/"));
  await page.goto("data/");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose a folder" }).click();
  await (await chooser).setFiles(join(path, "pictures"));
  await loaded(page);
  await expectClass(page, "across", [6, 2, 2, 10]);
  await expectClass(page, "along", [6, 2, 2, 10]);
});

test("a dropped folder", async ({ page, folder }) => {
  // More in one folder than a browser lists at a time.
  const path = folder(stripeFolders(110, "pictures/"));
  await page.goto("data/");
  const box = await page.getByText("Drop a folder, a zip or images here").boundingBox();
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [join(path, "pictures")], dragOperationsMask: 1 };
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2, data };
  for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, ...at });
  await loaded(page);
  await expectClass(page, "across", [66, 22, 22, 110]);
  await expectClass(page, "along", [66, 22, 22, 110]);
});

test("images with a labels.csv", async ({ page }) => {
  const files = {};
  const rows = ["file,label"];
  for (let i = 0; i < 20; i++) {
    files[`photos/${i}.png`] = stripes(i + 1, i % 2 === 1);
    rows.push(`${i}.png,${i % 2 === 1 ? "along" : "across"}`);
  }
  files["photos/labels.csv"] = Buffer.from(rows.join("\n"));
  await load(page, file("photos.zip", zip(files)));
  await expectClass(page, "across", [6, 2, 2, 10]);
  await expectClass(page, "along", [6, 2, 2, 10]);
});

test("reading is cancelled, and the set that was there stays", async ({ page }) => {
  await load(page, file("first.zip", zip(stripeFolders(5))));
  // Large enough to be still at it when the button is pressed.
  const many = {};
  for (let i = 0; i < 600; i++) many[`set/${i % 2 ? "along" : "across"}/${i}.png`] = stripes(i, i % 2 === 1, 160);
  await choose(page, file("many.zip", zip(many)));
  await expect(page.getByRole("heading", { name: "Reading images" })).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("Reading was cancelled. Nothing was changed.")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Reading images" })).toHaveCount(0);
  await expect(page.getByRole("main")).toContainText(/Images\s*10/);
  await expectAccessible(page);
  // The next import works.
  await choose(page, file("last.zip", zip(stripeFolders(6))));
  await expect(page.getByRole("main")).toContainText(/Images\s*12/, { timeout: 60_000 });
});

test("an import is cancelled before the training program is there, and does not come later", async ({ page }) => {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(/worker_bg\.wasm/, async (route) => {
    await released;
    await route.continue();
  });
  await page.goto("data/");
  await page.getByRole("button", { name: "Load the sample set" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("Reading was cancelled. Nothing was changed.")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Reading images" })).toHaveCount(0);
  release();
  await expect(page.getByRole("contentinfo")).toContainText("Training device", { timeout: 60_000 });
  // The next import is the only one.
  await choose(page, file("next.zip", zip(stripeFolders(6))));
  await expect(page.getByRole("main")).toContainText(/Images\s*12/, { timeout: 60_000 });
  await expect(page.getByText("sample set", { exact: true })).toHaveCount(0);
});

test("leaving during a run asks first; a number of the confusion matrix opens its images", async ({ page }) => {
  test.setTimeout(240_000);
  const asked = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    return dialog.dismiss();
  });
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await quick(page, 500);
  await start(page);
  await page.getByRole("button", { name: "Pause" }).click({ timeout: 120_000 });
  await page.close({ runBeforeUnload: true });
  await expect.poll(() => asked).toEqual(["beforeunload"]);
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  // Without a step there is nothing to evaluate.
  const before = await stepCount(page);
  await page.getByRole("button", { name: "Step one batch" }).click();
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBe(before + 1);
  await page.getByRole("button", { name: "Cancel" }).click();

  await go(page, "Evaluate");
  await page.getByRole("button", { name: "Evaluate", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 120_000 });
  const cell = page.getByRole("table").getByRole("button", { name: /images? of (across|along)/ }).first();
  const images = Number.parseInt(await cell.innerText());
  await cell.click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("img")).toHaveCount(Math.min(images, 48));
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(cell).toBeFocused();
});

// Files that cannot be used: each is named with its cause, the rest is loaded, and the page lives.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { cifarBatch, file, hugePng, isoPhoto, png, stripeFolders, stripes, zeros, zip } from "./make.mjs";
import { choose } from "./person.mjs";

const loaded = (page) => expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 60_000 });

test("what cannot be read is named with its cause, and the rest is there", async ({ page }) => {
  const broken = {
    "set/along/empty.png": [Buffer.alloc(0), /file is empty/],
    "set/along/cut.png": [png(40, (x, y) => [x * 6, y * 6, (x * y) & 255]).subarray(0, 120), /damaged or cut short/],
    "set/across/words.png": [Buffer.from("these are words, not pixels"), /Not an image: it looks like text/],
    "set/across/notes.pdf": [Buffer.from("%PDF-1.7 of some words"), /Not an image/],
    "set/across/huge.png": [hugePng(20_000), /20\D?000 × 20\D?000 pixels, more than/],
    "set/along/bomb.png": [zeros(64 << 20), /unpacks to far more/],
    "set/along/phone.heic": [isoPhoto("heic"), /HEIC images cannot be read in a browser.*Convert it to JPEG/],
    "set/along/web.avif": [isoPhoto("avif"), /AVIF images are not read.*Convert it to JPEG or PNG/],
    "set/along/../../out.png": [stripes(99, true), /leads out of the archive/],
  };
  const clutter = { "set/__MACOSX/._1.png": Buffer.from("clutter"), "set/across/.DS_Store": Buffer.from("clutter") };
  const bad = Object.fromEntries(Object.entries(broken).map(([path, [content]]) => [path, content]));
  await page.goto("data/");
  // A PNG under another format's name is read by its content.
  await choose(page, file("mixed.zip", zip({ ...stripeFolders(12), "set/along/really-a-png.jpg": stripes(77, true), ...bad, ...clutter })));
  await loaded(page);
  for (const [path, [, cause]] of Object.entries(broken)) {
    const name = path.split("/").at(-1);
    const row = page.getByRole("row").filter({ hasText: name });
    await expect(row, name).toHaveCount(1);
    await expect(row).toContainText(cause);
  }
  await expect(page.getByRole("row", { name: /DS_Store|__MACOSX|really-a-png/ })).toHaveCount(0);
  await expect(page.getByRole("main")).toContainText(/Images\s*25/);
  await expect(page.getByRole("main")).toContainText("9 files were not used. All else was used.");
  await expectAccessible(page);

  // A file that is nothing at all leaves the set as it was.
  await choose(page, file("nothing.zip", Buffer.from("no archive")));
  await expect(page.getByText("Nothing was loaded from these files")).toBeVisible();
  await loaded(page);
});

test("no images at all", async ({ page }) => {
  await page.goto("data/");
  await choose(page, file("texts.zip", zip({ "set/a.txt": Buffer.from("words"), "set/b.md": Buffer.from("more words") })));
  await expect(page.getByText("Nothing was loaded from these files")).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page);
  await choose(page, file("fine.zip", zip(stripeFolders(6))));
  await loaded(page);
});

test("a class with one image, and one class only", async ({ page }) => {
  await page.goto("data/");
  await choose(page, file("lone.zip", zip({ ...stripeFolders(8), "set/lonely/1.png": stripes(500, true) })));
  await loaded(page);
  await expect(page.getByRole("main")).toContainText("Class lonely has only 1 image.");
  await expectAccessible(page);

  await page.reload();
  const one = Object.fromEntries(Object.entries(stripeFolders(20)).filter(([path]) => path.includes("/along/")));
  await choose(page, file("one.zip", zip(one)));
  await loaded(page);
  await expect(page.getByRole("main")).toContainText("All labelled images are of one class, along.");
  await expectAccessible(page);
});

test("a batch of CIFAR-10, one that is cut, and files that labels.csv and the images do not share", async ({ page }) => {
  await page.goto("data/");
  const cut = Buffer.concat([cifarBatch([9, 0], 100), Buffer.from("cut")]);
  await choose(page, file("data_batch_1.bin", cifarBatch([3, 3, 5], 0)), file("data_batch_2.bin", cut), file("test_batch.bin", cifarBatch([3], 200)));
  await loaded(page);
  await expect(page.getByRole("row", { name: /^cat / })).toContainText(/2\s*0\s*1\s*3/);
  await expect(page.getByRole("row", { name: /^truck / })).toContainText(/1\s*0\s*0\s*1/);
  await expect(page.getByRole("main")).toContainText("Class bird has no image.");
  await expect(page.getByRole("row", { name: /^data_batch_2\.bin/ })).toContainText("ends in the middle of an image; the 2 before it were used");
  await expect(page.getByRole("main")).toContainText("1 was used only in part. All else was used.");
  await expectAccessible(page);

  const photos = { "a.png": stripes(1, false), "b.png": stripes(2, true), "c.png": stripes(3, true), "labels.csv": Buffer.from("a.png,across\nb.png,along\nd.png,along\n") };
  await choose(page, file("photos.zip", zip(photos)));
  await expect(page.getByRole("main")).toContainText("1 was used only in part. 1 row of labels.csv has no effect. All else was used.");
  await expect(page.getByRole("row", { name: /^c\.png/ })).toContainText("joins pre-training without a label");
  await expect(page.getByRole("main")).toContainText(/Without a label\s*1/);
});

test("exact copies are counted and named", async ({ page }) => {
  await page.goto("data/");
  const copied = stripes(1, false);
  await choose(page, file("copies.zip", zip({ ...stripeFolders(12), "set/across/copy of 0.png": copied, "set/along/0 again.png": copied })));
  await loaded(page);
  await expect(page.getByRole("main")).toContainText("3 images have exact copies in the set (1 group).");
  await expect(page.getByRole("main")).toContainText("3 images have the same pixels as another, but a different label.");
  await page.getByText("Copies by name").click();
  await expect(page.getByRole("listitem").filter({ hasText: "copy of 0.png" })).toContainText(/set\/across\/0\.png.*0 again\.png.*Different labels/);
  await expectAccessible(page);
});

test("a class that the test set leaves out is named with what it lacks", async ({ page }) => {
  await page.goto("data/");
  await choose(page, file("train.zip", zip(stripeFolders(20))));
  await loaded(page);
  await page.getByRole("radio", { name: "Test set" }).check();
  await choose(page, file("test.zip", zip({ "set/across/a.png": stripes(901, false), "set/across/b.png": stripes(903, false) })));
  await expect(page.getByRole("main")).toContainText("None of the 20 images of class along is for test.", { timeout: 60_000 });
});

// Images without labels: they are what pre-training is for, and evaluation opens once some have one.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, stripes, zip } from "./make.mjs";
import { choose, go, load, quick, start } from "./person.mjs";

const finished = (page) => expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 120_000 });
const main = (page) => page.getByRole("main");

/** `count` images in one flat folder. */
const flat = (count, folder) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}${i}.png`, stripes(5_000 + i, i % 2 === 1)]));

test("a set without labels trains, and evaluation opens when labelled images are added", async ({ page }) => {
  test.setTimeout(300_000);
  await load(page, file("photos.zip", zip(flat(40, "photos/"))));
  await expect(main(page)).toContainText("These images have no labels.");
  await expect(main(page)).toContainText("The 40 images without a label join pre-training only.");
  await expect(page.getByRole("img", { name: /^Without a label: photos\// })).toHaveCount(24);
  await expectAccessible(page);

  await quick(page, 2);
  await start(page);
  await finished(page);
  await expect(main(page)).toContainText("kNN accuracy needs labelled training and validation images; these have none.");
  await expect(page.getByRole("img", { name: /NT-Xent loss/ }).first()).toBeVisible();
  await go(page, "Evaluate");
  await expect(page.getByRole("heading", { name: "Waiting for labels" })).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("link", { name: "Add labelled images" }).click();
  await page.getByRole("radio", { name: "More training images" }).check();
  await choose(page, file("labelled.zip", zip(stripeFolders(20))));
  await expect(main(page)).toContainText(/Images\s*80/, { timeout: 60_000 });
  await expect(main(page)).toContainText(/Without a label\s*40/);
  await expect(page.getByRole("row", { name: /^across / })).toContainText(/12\s*4\s*4\s*20/);

  await quick(page, 2);
  await start(page);
  await finished(page);
  await go(page, "Evaluate");
  await page.getByRole("button", { name: "Evaluate", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 120_000 });
});

test("a folder unlabeled/ beside the classes joins pre-training and is shown", async ({ page }) => {
  await load(page, file("set.zip", zip({ ...stripeFolders(10), ...flat(30, "set/unlabeled/") })));
  await expect(main(page)).toContainText(/Images\s*50/);
  await expect(main(page)).toContainText(/Classes\s*2/);
  await expect(main(page)).toContainText(/For pre-training\s*42/);
  await expect(page.getByRole("row", { name: /^unlabeled/ })).toHaveCount(0);
  await expect(page.getByRole("img", { name: /^Without a label: set\/unlabeled\// })).toHaveCount(24);
  await expect(page.getByRole("img", { name: /^across: set\/across\// })).toHaveCount(8);
});

// Images that are read again without asking for them, and views of any of them.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, jpegs, stripeFolders, zip } from "./make.mjs";
import { choose, go, load } from "./person.mjs";

const main = (page) => page.getByRole("main");

test("another size reads the chosen files again, from the images page and the pre-training page", async ({ page }) => {
  const asked = [];
  page.on("filechooser", () => asked.push("asked"));
  await load(page, file("set.zip", zip(stripeFolders(10))));
  // Playwright's own choosing.
  expect(asked.splice(0)).toEqual(["asked"]);
  await expect(main(page)).toContainText("16 × 16");
  const fingerprint = () => main(page).getByText(/^Fingerprint/).locator("code").innerText();
  const first = await fingerprint();

  await page.getByLabel("Image size").selectOption("32");
  await page.getByRole("button", { name: "Read again at 32 pixels, split seed 0" }).click();
  await expect(main(page)).toContainText("32 × 32", { timeout: 60_000 });
  await expect(main(page)).toContainText(/Images\s*20/);
  expect(await fingerprint()).not.toBe(first);
  await expect(page.getByRole("button", { name: /^Read again/ })).toHaveCount(0);

  await go(page, "Pre-train");
  await page.getByLabel("Image size").selectOption("16");
  await expect(main(page)).toContainText("The images were read at 32 pixels; these settings want 16.");
  await page.getByRole("button", { name: "Read them again at 16 pixels" }).click();
  await expect(main(page)).not.toContainText("these settings want", { timeout: 60_000 });
  await go(page, "Images");
  await expect(main(page)).toContainText("16 × 16");
  expect(await fingerprint(), "the same files at the same size are the same set").toBe(first);
  expect(asked, "nobody was asked for files again").toEqual([]);
});

test("a second zip adds training images", async ({ page }) => {
  await load(page, file("first.zip", zip(stripeFolders(10))));
  await page.getByRole("radio", { name: "More training images" }).check();
  const more = Object.fromEntries(Object.entries(stripeFolders(30)).filter(([path]) => /along\/1\d/.test(path)));
  await choose(page, file("more.zip", zip(more)));
  await expect(main(page)).toContainText(/Images\s*30/, { timeout: 60_000 });
  await expect(page.getByRole("row", { name: /^across / })).toContainText(/6\s*2\s*2\s*10/);
  await expect(page.getByRole("row", { name: /^along / })).toContainText(/16\s*2\s*2\s*20/);
  await expect(main(page)).toContainText("first.zip, more.zip");
});

test("a zip of JPEGs in class folders", async ({ page }) => {
  await page.goto("data/");
  const colours = ["red", "blue"].flatMap((hue) => [90, 80, 70, 60, 50].map((light) => `color-mix(in srgb, ${hue} ${light}%, white)`));
  const photos = await jpegs(page, colours);
  expect(photos.every((bytes) => bytes[0] === 0xff && bytes[1] === 0xd8)).toBe(true);
  const files = Object.fromEntries(photos.map((bytes, i) => [`${i < 5 ? "red" : "blue"}/${String(i).padStart(4, "0")}.jpg`, bytes]));
  await choose(page, file("photos.zip", zip(files)));
  await expect(main(page)).toContainText(/Images\s*10/, { timeout: 60_000 });
  for (const name of ["blue", "red"]) await expect(page.getByRole("row", { name: new RegExp(`^${name} `) })).toContainText(/3\s*1\s*1\s*5/);
  // The picture on the page is of the photo's colour.
  const canvas = page.getByRole("img", { name: "red: red/0000.jpg" });
  const [r, g, b] = await canvas.evaluate((c) => Array.from(c.getContext("2d").getImageData(3, 3, 1, 1).data));
  expect(r > 200 && g < 80 && b < 80, `${r} ${g} ${b}`).toBe(true);
});

test("two views of any image, drawn again when a setting changes", async ({ page }) => {
  await load(page, file("set.zip", zip(stripeFolders(10))));
  await go(page, "Pre-train");
  const original = (name) => page.getByRole("img", { name: `Original: set/${name}`, exact: true });
  await expect(page.getByRole("img", { name: /^Original: / })).toHaveCount(6, { timeout: 60_000 });
  await page.getByRole("spinbutton", { name: /From image/ }).fill("15");
  await page.getByRole("spinbutton", { name: /From image/ }).blur();
  // In a zip files keep their order: 0.png of across, 0.png of along, 1.png ...
  await expect(original("across/7.png")).toBeVisible();
  await expect(original("along/9.png")).toBeVisible();
  await expect(page.getByText("along/9.png", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Next images" })).toBeDisabled();
  await expectAccessible(page);

  const pixels = (picture) => picture.evaluate((c) => Array.from(c.getContext("2d").getImageData(0, 0, c.width, c.height).data));
  const isGrey = (rgba) => rgba.every((value, i) => i % 4 === 3 || value === rgba[i - (i % 4)]);
  const grey = async () => {
    const views = await page.getByRole("img", { name: /^View [12] of set/ }).all();
    return (await Promise.all(views.map(pixels))).filter(isGrey).length;
  };
  const before = await pixels(original("across/7.png"));
  expect(await grey()).toBeLessThan(12);
  await page.getByText("Augmentation", { exact: true }).click();
  await page.getByRole("slider", { name: "Grayscale" }).fill("1");
  await expect.poll(grey).toBe(12);
  expect(await pixels(original("across/7.png"))).toEqual(before);

  await page.getByRole("button", { name: "Previous images" }).click();
  await expect(original("across/4.png")).toBeVisible();
  await expect(original("across/7.png")).toHaveCount(0);
});

// The lesson LARS: every step opens, its numbers are those of the core, it can be linked to, and needs neither mouse nor worker.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { go, load, quick, start } from "./person.mjs";

const titles = [
  "One rate for all layers",
  "λ of one layer",
  "Every layer of a real run",
  "Weight decay and λ",
  "Momentum when γ changes",
  "Biases and normalisation",
  "What the tutorial prints",
  "Your run",
];
const open = async (page, query = "") => page.goto(`lesson/lars/${query}`);
const table = async (page) => {
  await page.getByText("The numbers as a table").click();
  return page.getByRole("table");
};

for (const [i, title] of titles.entries()) {
  test(`step ${i + 1} opens by its address, is accessible and fits a phone`, async ({ page, requests }) => {
    await open(page, `?step=${i + 1}`);
    await expect(page.getByRole("heading", { level: 2 })).toHaveText(`${i + 1}. ${title}`);
    await expect(await table(page)).toBeVisible();
    // Before a run of one's own, the last step shows the recorded one and says so.
    if (title === "Your run") await expect(page.getByText(/^There is no run with LARS yet/)).toBeVisible();
    await expectAccessible(page);
    expect(requests.filter(({ url }) => url.includes("worker"))).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    // Colours that are still on their way to dark would be measured half-way.
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await expectAccessible(page);
  });
}

test("λ by the sliders, and 1 where a norm is 0", async ({ page }) => {
  await open(page, "?step=2");
  const main = page.getByRole("main");
  await expect(main.getByRole("group", { name: "Formula" }).last()).toContainText("0.004762");
  const slider = page.getByRole("slider", { name: "‖g‖" });
  await slider.focus();
  await slider.press("Home");
  await expect(main).toContainText("λ = 1 by rule");
  await expect(page).toHaveURL(/g=0/);
  await page.reload();
  await expect(main).toContainText("λ = 1 by rule");
});

test("the worked example with γ that stays and γ that rises", async ({ page }) => {
  await open(page, "?step=5");
  const rows = (await table(page)).getByRole("row");
  await expect(rows.filter({ hasText: "Paper and this program, step 1" })).toContainText("2.9996047619");
  await expect(rows.filter({ hasText: "Paper and this program, step 2" })).toContainText("2.9984585788");
  await expect(rows.filter({ hasText: "Paper and this program, step 2" })).toContainText("4.0010399950");
  await page.getByRole("combobox", { name: "γ" }).selectOption({ index: 0 });
  for (const rule of ["Paper and this program", "γ outside v"]) {
    await expect(rows.filter({ hasText: rule }).filter({ hasText: "step 2" })).toContainText("2.9988538132");
    await expect(rows.filter({ hasText: rule }).filter({ hasText: "step 2" })).toContainText("4.0007733309");
  }
});

test("SGD diverges in one layer and stands still in another while LARS arrives", async ({ page }) => {
  await open(page);
  const pictures = page.getByRole("img", { name: /Distance to the best weights/ });
  await expect(pictures.first()).toContainText("diverged");
  await expect(pictures.first()).toContainText("stands still");
  await expect(pictures.nth(1)).not.toContainText(/diverged|stands still|on the way/);
  await page.getByRole("button", { name: "Reset" }).click();
  await expect(page).toHaveURL(/t=0/);
  await page.getByRole("button", { name: "One step" }).click();
  await expect(page).toHaveURL(/t=1/);
  await page.getByRole("button", { name: "Play" }).click();
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible({ timeout: 20_000 });
  await expect(page).not.toHaveURL(/t=\d/);
});

test("with reduced motion, play goes to the end at once", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page, "?t=3");
  await page.getByRole("button", { name: "Play" }).click();
  await expect(page).not.toHaveURL(/t=\d/);
  await expect(page.getByRole("button", { name: "Stop" })).toHaveCount(0);
});

test("keys go through the steps; a question answers at once", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Yes, near 0.02" }).click();
  await expect(page.getByRole("group", { name: /Question/ }).getByRole("status")).toContainText("Not quite.");
  await page.getByRole("button", { name: "No", exact: true }).click();
  await expect(page.getByRole("group", { name: /Question/ }).getByRole("status")).toContainText("Right.");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(/^2\. /);
  await expect(page).toHaveURL(/step=2/);
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(/^1\. /);
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: /Your run/ }).click();
  await expect(page.getByRole("button", { name: "Next" })).toBeDisabled();
});

test("each slip beside the right value", async ({ page }) => {
  await open(page, "?step=7");
  const printed = page.getByRole("row", { name: /^Step 1, as printed/ });
  await page.getByText("The numbers as a table").click();
  for (const [slip, words] of [
    ["λ without η", ["4.7619", "2.6048", "4.2667"]],
    ["a norm added to a vector", ["0.004762", "2.9996", "4.0003"]],
    ["γ called local", ["0.004762", "3.0000", "4.0000"]],
    ["w ← w − v left out", ["0.004762", "3.0000", "4.0000"]],
  ]) {
    await page.getByRole("combobox", { name: "Slip" }).selectOption(slip);
    for (const word of words) await expect(printed).toContainText(word);
  }
});

test("what a visitor answered and where they were is kept; all steps print; a bad link says so", async ({ page }) => {
  await open(page, "?step=4&decay=0.001");
  await page.getByRole("button", { name: "0.1", exact: true }).click();
  await open(page);
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(/^4\. /);
  await expect(page.getByRole("button", { name: /^4.*answered/ })).toBeVisible();
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await expect(page.getByRole("article")).toHaveCount(titles.length);
  // Nothing that a reader of paper would have to open.
  await expect(page.locator("article details:not([open])")).toHaveCount(0);
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await expect(page.getByRole("article")).toHaveCount(1);
  await open(page, "?step=2&eta=5");
  await expect(page.getByRole("alert").filter({ hasText: "eta is 5; accepted: 0.0005 to 0.01" })).toBeVisible();
});

test("the trust ratios of the run on this page, from the worker", async ({ page }) => {
  test.setTimeout(240_000);
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await quick(page, 2);
  await start(page);
  await go(page, "LARS");
  // The settings in the address of the page before are none of the lesson's.
  await expect(page.getByText(/This link holds values/)).toHaveCount(0);
  await page.getByRole("button", { name: /Your run/ }).click();
  await expect(page.getByRole("link", { name: "Go to Pre-train" })).toHaveCount(0, { timeout: 120_000 });
  const result = page.getByText(/After step \d+ the largest λ is/);
  await expect(result).toBeVisible({ timeout: 120_000 });
  const picture = page.getByRole("img", { name: /λ of each layer from step 1/ });
  await expect(picture).toContainText("encoder.conv1.weight");
  await expect(picture).toContainText("head.layers.1.weight");
  const rows = (await table(page)).getByRole("row");
  await expect(rows).toHaveCount(7);
  await expectAccessible(page);
  // To the run's end: every layer has its λ of the first step and of the last.
  await go(page, "Pre-train");
  await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 120_000 });
  await go(page, "LARS");
  const cells = (await table(page)).getByRole("row").filter({ hasText: "encoder.conv1.weight" }).getByRole("cell");
  const numbers = (await cells.allInnerTexts()).map(Number);
  expect(numbers.length).toBeGreaterThan(1);
  for (const n of numbers) expect(n).toBeGreaterThan(0);
  expect(numbers[0]).not.toBe(numbers.at(-1));
});

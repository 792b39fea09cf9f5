// The lesson LARS: every step opens, its numbers are those of the core, it can be linked to, and needs neither mouse nor worker.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { answer, cells, expectNarrow, formula, number, printed as sheets, tabTo } from "./lesson.mjs";
import { go, load, quick, start } from "./person.mjs";

const titles = [
  "One rate for all layers",
  "λ of each layer",
  "Every layer of a real run",
  "Weight decay and λ",
  "Momentum when γ changes",
  "Biases and normalisation",
  "What the tutorial prints",
  "Your run",
];
const open = async (page, query = "") => page.goto(`lesson/lars/${query}`);
/** The first of the step's tables, opened. */
const table = async (page) => {
  await page.getByText("The numbers as a table").click();
  return page.getByRole("table").first();
};
const result = (page) => page.locator(".lesson-result");

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
    await expectNarrow(page);
    // Colours that are still on their way to dark would be measured half-way.
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await expectAccessible(page);
  });
}

test("all steps on one page are accessible, on a phone and in the dark too", async ({ page }) => {
  await open(page, "?step=all");
  await expect(page.getByRole("article")).toHaveCount(titles.length);
  await expectAccessible(page);
  await page.setViewportSize({ width: 360, height: 740 });
  await expectNarrow(page);
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await expectAccessible(page);
});

test("every question tells its wrong answers from its right one", async ({ page }) => {
  for (const n of titles.keys()) {
    await open(page, `?step=${n + 1}`);
    await answer(page);
  }
});

test("λ of three layers by their sliders, and 1 where a norm is 0", async ({ page }) => {
  await open(page, "?step=2");
  const ratio = (w, g, beta = 0.01, eta = 0.001) => (eta * w) / (g + beta * w);
  const layers = [[5, 1], [2, 0.1], [0.5, 4]];
  const agree = async (beta, eta) => {
    const shown = await formula(page, 1);
    const parts = await cells(page.getByRole("table", { name: "λ and its parts" }));
    for (const [i, [w, g]] of layers.entries()) {
      expect(Math.abs(shown[i].at(-1) / ratio(w, g, beta, eta) - 1)).toBeLessThan(6e-4);
      expect(number(parts["λ"][i])).toBe(shown[i].at(-1));
      // LARS moves every layer by η of its length, SGD by a part of its own.
      expect(number(parts["the same / ‖w‖"][i])).toBeCloseTo(eta ?? 0.001, 6);
      expect(Math.abs(number(parts["SGD: ‖g‖ / ‖w‖"][i]) / (g / w) - 1)).toBeLessThan(1e-3);
    }
  };
  await page.getByText("The numbers as a table").click();
  await agree();
  await page.getByRole("slider", { name: "Layer 2: ‖g‖" }).press("End");
  layers[1][1] = 5;
  await page.getByRole("slider", { name: "η" }).press("End");
  await page.getByRole("slider", { name: "β" }).press("Home");
  await agree(0, 0.01);
  const slider = page.getByRole("slider", { name: "Layer 1: ‖g‖" });
  await slider.press("Home");
  await expect(result(page)).toContainText("λ = 1 by rule");
  await expect(page).toHaveURL(/[?&]g=0(&|$)/);
  await page.reload();
  await expect(result(page)).toContainText("λ = 1 by rule");
  expect((await formula(page, 1))[0]).toEqual([1, 1]);
});

test("a recorded layer moves by γλ‖g‖ of its length, in each run", async ({ page }) => {
  for (const query of ["", "&run=sgd&at=20"]) {
    await open(page, `?step=3${query}`);
    const rows = await cells(await table(page));
    const rate = number(/γ = (\S+),/.exec(await result(page).innerText())[1]);
    const ratios = [];
    for (const [name, [w, g, ratio, lars, sgd]] of Object.entries(rows).filter(([name]) => name !== "Tensor").map(([name, all]) => [name, all.map(number)])) {
      expect(Math.abs(ratio / ((0.001 * w) / (g + 1e-6 * w)) - 1), name).toBeLessThan(2e-3);
      expect(Math.abs(lars / ((rate * ratio * g) / w) - 1), name).toBeLessThan(2e-3);
      expect(Math.abs(sgd / ((rate * g) / w) - 1), name).toBeLessThan(2e-3);
      ratios.push(ratio);
    }
    expect(ratios).toHaveLength(6);
    const apart = Number(/is (\S+) times the smallest/.exec(await result(page).innerText())[1]);
    expect(Math.abs(apart - Math.max(...ratios) / Math.min(...ratios))).toBeLessThan(0.1);
    // The first layer's and the last one's, written out.
    for (const line of await formula(page, 1)) {
      const [gamma, ratio, g, w, part] = line;
      expect(Math.abs(part / ((gamma * ratio * g) / w) - 1)).toBeLessThan(2e-3);
    }
  }
});

test("λ comes near η/β as the gradient fades, and never passes it", async ({ page }) => {
  await open(page, "?step=4&decay=0.01");
  expect((await formula(page, 1))[0]).toEqual([0.001, 0.01, 0.1]);
  const rows = await cells(await table(page));
  const fading = Object.entries(rows).filter(([name]) => name.startsWith("‖g‖ = "));
  expect(fading).toHaveLength(8);
  for (const [name, [ratio]] of fading) {
    const g = number(name.slice(6));
    expect(Math.abs(number(ratio) / (0.005 / (g + 0.05)) - 1), name).toBeLessThan(2e-3);
    expect(number(ratio)).toBeLessThanOrEqual(0.1);
  }
});

test("the first formula of the excluded bias, and its distances with λ and without", async ({ page }) => {
  await open(page, "?step=6&bias=2");
  // b = (0.3, −0.4) is the goal: v₁ = 0.03 (0 − 0.3) first, then with μ = 0.9.
  const v1 = 0.03 * -0.3;
  const v2 = 0.9 * v1 + 0.03 * (-v1 - 0.3);
  const [velocity, bias] = await formula(page, 1);
  expect(velocity.slice(0, 2)).toEqual([0.9, -v1]);
  expect(velocity.at(-1)).toBeCloseTo(-v2, 5);
  expect(bias.at(-1)).toBeCloseTo(-v1 - v2, 5);
  const rows = await cells(await table(page));
  // Each entry goes the same part of its way: distance 0.5 times what is left of the first entry's 0.3.
  expect(number(rows[2][0])).toBeCloseTo((0.5 * (0.3 + v1 + v2)) / 0.3, 4);
  expect([rows[0], rows[200].map((text) => number(text) < 0.01)]).toEqual([["0.5000", "0.5000"], [true, false]]);
  const picture = page.getByRole("img", { name: /Distance of the bias/ });
  for (const text of rows[2]) await expect(picture).toContainText(text);
  await expect(page.getByRole("table", { name: "Tensors of the recorded network" }).getByRole("row")).toHaveCount(17);
});

test("what μ does: v at each step, and where a steady step grows to", async ({ page }) => {
  await open(page, "?step=5&rates=stay");
  await expect(result(page)).toContainText("1/(1 − μ) = 10 times one update; after 4 steps it is at 3.439 times");
  const rows = await cells(await table(page));
  const v = [1, 2, 3, 4].map((step) => number(rows[`Paper and this program, step ${step}`][2]));
  for (const [i, gain] of [1, 1.9, 2.71, 3.439].entries()) expect(v[i] / v[0]).toBeCloseTo(gain, 2);
  await page.getByRole("slider", { name: "μ" }).press("Home");
  await expect(result(page)).toContainText("= 1 times one update; after 4 steps it is at 1 times");
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
  const ends = await cells(await table(page));
  expect(ends[1].slice(1)).toEqual(["over 1000000", "diverged", expect.any(String), "arrived"]);
  expect(ends[4].slice(1)).toEqual([expect.any(String), "stands still", expect.any(String), "arrived"]);
  await page.getByRole("button", { name: "Reset" }).click();
  await expect(page).toHaveURL(/t=0/);
  await page.getByRole("button", { name: "One step" }).click();
  await expect(page).toHaveURL(/t=1/);
  // Who arrives is not known yet; how far each has come is, by |1 − γc| for SGD.
  await expect(pictures.first()).not.toContainText(/diverged|stands still|on the way|arrived/);
  const factors = (await formula(page, 1)).map((line) => line.at(-1));
  expect((await cells(page.getByRole("table")))[1][1]).toBe(factors[0].toFixed(4));
  expect((await cells(page.getByRole("table")))[4][1]).toBe(factors[1].toFixed(4));
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
  await expect(page.getByRole("heading", { level: 2 })).toBeFocused();
  await expect(page).toHaveURL(/step=2/);
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(/^1\. /);
  await page.getByRole("navigation", { name: "Steps" }).getByRole("button", { name: /Your run/ }).click();
  await expect(page.getByRole("button", { name: "Next" })).toBeDisabled();
});

test("by keyboard alone: sliders, choices, play, table, and the way on", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page);
  await tabTo(page, page.getByRole("slider", { name: "γ of SGD" }));
  await page.keyboard.press("ArrowRight");
  await expect(page).toHaveURL(/sgd=/);
  await tabTo(page, page.getByRole("button", { name: "Reset" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/t=0/);
  await tabTo(page, page.getByText("The numbers as a table"));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("table")).toBeVisible();
  for (let n = 2; n <= titles.length; n++) {
    await tabTo(page, page.getByRole("button", { name: "Next" }));
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 2, name: `${n}. ` })).toBeFocused();
    if (titles[n - 1].startsWith("Momentum")) {
      await tabTo(page, page.getByRole("combobox", { name: "γ" }));
      await page.keyboard.press("ArrowDown");
      await expect(page).toHaveURL(/rates=fall/);
    }
  }
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
    // Both formulas, one under the other.
    await expect(page.getByRole("group", { name: "Formula" }).nth(1)).toContainText(/right.*←.*printed.*←|right.*λ=.*printed.*λ=/s);
  }
});

test("what a visitor answered and where they were is kept; all steps print; a bad link says so", async ({ page }) => {
  await open(page, "?step=4&decay=0.001");
  await page.getByRole("button", { name: "0.1", exact: true }).click();
  await open(page);
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(/^4\. /);
  await expect(page.getByRole("button", { name: /^4.*answered/ })).toBeVisible();
  expect(await sheets(page)).toBe(titles.length);
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

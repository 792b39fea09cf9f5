// Watching a run: its phases in words, its numbers, the lines of its charts, its alarms; and a page that stays quick.
import { test, expect } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { go, load, quick, start, stepCount } from "./person.mjs";
import { epoch, forget, hold, notFinite, phase, say, sayManySteps, silence, standIn, step } from "./stand-in.mjs";
import { expectNoLongTask } from "./threads.mjs";

test.setTimeout(180_000);

const run = (page) => page.getByRole("region", { name: "Run", exact: true });
const progress = (page) => run(page).getByRole("progressbar");

/** The numbers of the run by their names. */
async function facts(page) {
  const [names, values] = await Promise.all(["term", "definition"].map((role) => run(page).getByRole(role).allInnerTexts()));
  return Object.fromEntries(names.map((name, i) => [name, values[i].replaceAll("\u2009", "")]));
}

/** Opens the table of a chart and gives its rows as [first column, second column]. */
async function table(page, title) {
  const figure = page.getByRole("figure").filter({ hasText: title }).first();
  const region = figure.getByRole("region", { name: title });
  if (!(await region.isVisible())) await figure.getByText("Show as a table").click();
  // Its rows are drawn once it is open.
  await expect(region.getByRole("row").nth(1)).toBeVisible();
  const rows = await region.getByRole("row").allInnerTexts();
  return rows.slice(1).map((row) => row.split("\t"));
}

/** A run of 66 training images in batches of 16, four steps an epoch, of which the page hears what the test says. */
async function spoken(page, epochs = 10) {
  await standIn(page);
  await load(page, file("stripes.zip", zip(stripeFolders(55))));
  await quick(page, epochs);
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("16");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
  await expect(page.getByRole("status").filter({ hasText: "Timing" })).toHaveCount(0, { timeout: 60_000 });
  await hold(page);
  await start(page);
}

test("phases, numbers and lines, each from what the worker measured", async ({ page }) => {
  await spoken(page);
  await expect(progress(page)).toHaveAccessibleName("Loading images and weights onto the device");
  await expect(progress(page), "an unknown part is no 0 %").not.toHaveAttribute("value");
  await say(page, phase("Evaluate", 0));
  await expect(progress(page)).toHaveAccessibleName("Measuring kNN accuracy");
  // The first measurement takes long: kernels are compiled. It must not be taken for every epoch's.
  await page.waitForTimeout(2_500);
  await say(page, epoch({ epoch: 0, knn: 0.5 }), phase("Compile"));
  await expect(progress(page)).toHaveAccessibleName("Compiling kernels: the first step takes longer");
  await expect(progress(page)).not.toHaveAttribute("value");
  await say(page, step({ step: 1, loss: 3.4, ms: 9_000 }), phase("Train"));
  await expect(progress(page)).toHaveAccessibleName("Training");
  expect(await facts(page)).toMatchObject({ Epoch: "1 / 10", "Images a second": "–", "Time left": "–" });

  await say(page, ...[2, 3, 4].map((n) => step({ step: n, loss: 3.4 - n / 10, ms: 2_000 })));
  await expect.poll(() => facts(page)).toEqual({ Step: "4 of 40", Epoch: "2 / 10", "Images a second": "8", "Time left": "72 s" });
  await expect(progress(page)).toHaveAttribute("value", "0.1");
  await expect(page.getByRole("figure").filter({ hasText: "NT-Xent loss" })).toContainText("3.000");

  // The pace outlives a visit to another page.
  await go(page, "Images");
  await go(page, "Pre-train");
  expect(await facts(page)).toMatchObject({ "Images a second": "8", "Time left": "72 s" });

  // ln(2N - 1); and what is left where both views agree wholly and all other pairs of 32 are evenly opposed.
  const [n, tau] = [16, 0.5];
  const chance = Math.log(2 * n - 1);
  const floor = Math.log(1 + (2 * n - 2) * Math.exp(-(1 + 1 / (n - 1)) / tau));
  const loss = Object.fromEntries(await table(page, "NT-Xent loss"));
  expect(loss).toMatchObject({ 1: "3.400", 4: "3.000" });
  expect([Number(loss.chance), Number(loss.floor)]).toEqual([chance, floor].map((value) => Number(value.toFixed(3))));
  expect(Object.fromEntries(await table(page, "Contrastive accuracy"))[`chance ${(100 / 31).toFixed(1)} %`]).toBe("3.2 %");
  expect(Object.fromEntries(await table(page, "kNN accuracy"))).toEqual({ "before training": "50.0 %", 0: "50.0 %" });
});

test("a real run goes through its phases in order", async ({ page }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await quick(page, 3);
  await page.evaluate(() => {
    window.phases = [];
    const look = () => {
      const name = document.querySelector("#run progress")?.getAttribute("aria-label");
      if (name && name !== window.phases.at(-1)) window.phases.push(name);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  await start(page);
  await expect(page.getByRole("button", { name: "Start again" })).toBeVisible({ timeout: 60_000 });
  const short = (await page.evaluate(() => window.phases)).map((name) => name.split(/[ :]/)[0]);
  expect(short.slice(0, 4)).toEqual(["Loading", "Compiling", "Training", "Measuring"]);
  expect(short.at(-1)).toBe("Finished");
  expect(new Set(short.slice(4, -1))).toEqual(new Set(["Measuring", "Training"]));
  // 72 training images in batches of 32.
  expect(await stepCount(page)).toBe(6);
});

/** Sets a slider or a box. */
async function set(page, role, name, value) {
  const field = page.getByRole(role, { name });
  await field.fill(value);
  await field.blur();
}

test("an alarm when embeddings collapse", async ({ page }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await quick(page, 1000);
  // Seen to collapse within ten steps.
  await set(page, "slider", "Temperature", "0.01");
  await page.getByText("Optimiser and seed", { exact: true }).click();
  await page.getByRole("combobox", { name: "Optimiser" }).selectOption("SGD with momentum");
  await set(page, "spinbutton", "Learning rate", "1");
  await set(page, "slider", "Warm-up", "0");
  await start(page);
  const alarm = page.getByRole("alert").filter({ hasText: "The embeddings are collapsing" });
  await expect(alarm).toContainText("lower the learning rate", { timeout: 60_000 });
  await expect(alarm).toContainText("all images are getting nearly the same z");
  const spread = Object.fromEntries(await table(page, "Embedding spread"));
  expect(Number(spread.healthy)).toBeCloseTo(1 / Math.sqrt(128), 3);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Start again" })).toBeVisible();
});

test("the alarm waits for the tenth step and goes when embeddings recover", async ({ page }) => {
  await spoken(page);
  const alarm = page.getByRole("alert").filter({ hasText: "The embeddings are collapsing" });
  await say(page, phase("Train"), ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => step({ step: n, std: 0.001 })));
  await expect.poll(async () => (await facts(page)).Step).toBe("9 of 40");
  await expect(alarm, "fresh weights are no collapse").toHaveCount(0);
  await say(page, step({ step: 10, std: 0.001 }));
  await expect(alarm).toHaveCount(1);
  await say(page, step({ step: 11, std: 0.08 }));
  await expect(alarm).toHaveCount(0);
});

test("a run whose loss is no number stops in plain words, and another can be started", async ({ page }) => {
  // The program's settings do not get there, so the worker's words are put into its mouth, and its own short run is not heard.
  await spoken(page, 1);
  await say(page, phase("Train"), step({ step: 1 }), step({ step: 2, loss: NaN, std: NaN }), ...notFinite(2));
  const alarm = page.getByRole("alert").filter({ hasText: "The loss is no longer a number." });
  await expect(alarm).toContainText("Start again with half the learning rate");
  await expect(page.getByRole("alert", { name: "Messages" })).toContainText("The loss or the weights stopped being numbers at step 2.");
  await expect(progress(page)).toHaveAccessibleName("Stopped by a fault");
  await expect(page.getByRole("figure").filter({ hasText: "NT-Xent loss" })).toContainText("not a number");
  await expect(page.getByRole("button", { name: "Download encoder" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Evaluate" })).toHaveCount(1);

  await page.waitForFunction(() => window.standIn.held.length > 8);
  await forget(page);
  await expect(async () => {
    await page.getByRole("button", { name: "Start again" }).click();
    await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 20_000 });
    // While the worker's own run was not through, the start was refused and all stands as it was.
    await expect(alarm).toHaveCount(0, { timeout: 3_000 });
  }).toPass({ timeout: 90_000 });
  await expect(page.getByRole("alert", { name: "Messages" })).not.toContainText("stopped being a number");
});

test("thirty thousand steps: no task of the page takes 50 ms, and tables stay short", async ({ page, browser }) => {
  await spoken(page, 10_000);
  await silence(page);
  await say(page, phase("Train"));
  await table(page, "NT-Xent loss");
  await expectNoLongTask(browser, page, () => sayManySteps(page, 30_000));
  await expect.poll(async () => (await facts(page)).Step).toBe("30000 of 40000");
  const rows = await table(page, "NT-Xent loss");
  expect(rows.length).toBeLessThanOrEqual(62);
  expect([rows[2][0], rows.at(-1)[0]], "first and last step").toEqual(["1", "30000"]);
});

test("while training no task of the page takes 50 ms", async ({ page, browser }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await quick(page, 1000);
  await start(page);
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(5);
  const before = await stepCount(page);
  await expectNoLongTask(browser, page, () => page.waitForTimeout(6_000));
  expect(await stepCount(page), "it trained meanwhile").toBeGreaterThan(before + 5);
});

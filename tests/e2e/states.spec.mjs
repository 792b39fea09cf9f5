// Every page in every state that it can stand in, wide and light, narrow and dark: axe finds nothing, nothing runs off the side.
import { test, expect, expectAccessibleEverywhere, routes } from "./fixtures.mjs";
import { file, stripes, zip } from "./make.mjs";
import { evaluate, go, load, quick, start } from "./person.mjs";
import { alive, epoch, held, hold, holdAfter, notFinite, phase, release, say, standIn, step } from "./stand-in.mjs";

// axe looks at each state twice.
test.setTimeout(600_000);

/** Opens every fold of the page. */
async function unfold(page) {
  for (const summary of await page.getByRole("main").getByText(/^(Show as a table.*|What the presets set, and why|Augmentation|Encoder and head|Optimiser and seed|Questions people ask here)$/).all()) {
    await summary.click();
  }
}

test("pages before there is anything, and the address of none", async ({ page, baseURL }) => {
  for (const route of routes) {
    await test.step(`/x/${route}`, async () => {
      await page.goto(route);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.getByRole("region", { name: /training program/i })).toHaveCount(0, { timeout: 60_000 });
      if (route === "pretrain/") await unfold(page);
      await expectAccessibleEverywhere(page, `page ${route.replaceAll("/", " ") || "home"}`);
    });
  }
  // A static host may answer an address that it has no file for with a page of the same depth.
  await page.route(`${baseURL}nowhere/`, async (route) => route.fulfill({ response: await route.fetch({ url: `${baseURL}help/` }) }));
  await page.goto("nowhere/");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no page here");
  await expectAccessibleEverywhere(page, "no page");
});

test("the training program on its way", async ({ page }) => {
  let go_on;
  const wait = new Promise((resolve) => (go_on = resolve));
  await page.route(/worker_bg\.wasm/, async (route) => {
    await wait;
    await route.continue();
  });
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("16");
  await page.getByRole("button", { name: "Load the sample set" }).click();
  const bar = page.getByRole("region", { name: "Loading the training program" }).getByRole("progressbar");
  await expect(bar).toBeVisible();
  await expect(bar, "no byte yet").not.toHaveAttribute("value");
  await expect(page.getByRole("heading", { name: "Reading images" })).toBeVisible();
  await expectAccessibleEverywhere(page, "loading the training program");
  go_on();
  await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 180_000 });
});

test("reading, timing, running, alarm, paused, failed, evaluating, evaluated", async ({ page }) => {
  await standIn(page);
  // A worker that is held must not count as one that has died.
  const look = (name) => test.step(name, () => say(page, alive).then(() => expectAccessibleEverywhere(page, name)));
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("16");
  await holdAfter(page, "Progress");
  await page.getByRole("button", { name: "Load the sample set" }).click();
  await held(page);
  await expect(page.getByRole("heading", { name: "Reading images" })).toBeVisible();
  await look("reading images");
  await go(page, "Home");
  await look("home while images are read");
  await go(page, "Images");
  await release(page);
  await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("status").filter({ hasText: "Timing" })).toHaveCount(0, { timeout: 90_000 });
  await look("images loaded");

  // Settings of another preset are timed.
  await go(page, "Pre-train");
  await hold(page);
  await page.getByRole("radio", { name: "Quick look" }).check();
  await expect(page.getByRole("status").filter({ hasText: "Timing" })).toBeVisible();
  await look("timing");
  await release(page);
  await expect(page.getByRole("status").filter({ hasText: "Timing" })).toHaveCount(0, { timeout: 90_000 });
  await page.getByRole("spinbutton", { name: "Epochs" }).fill("500");
  await page.getByRole("spinbutton", { name: "Epochs" }).blur();

  await holdAfter(page, "Measured");
  await start(page);
  await look("loading or compiling");
  await held(page);
  await say(page, phase("Train"), epoch({ epoch: 1, knn: 0.4 }), ...Array.from({ length: 40 }, (_, i) => step({ step: i + 2, loss: 4 - i / 50 })));
  await expect(page.getByRole("figure").filter({ hasText: "NT-Xent loss" })).toContainText("3.220");
  await unfold(page);
  await look("running, folds and tables open");
  await go(page, "Home");
  await look("home while it runs");
  await go(page, "Evaluate");
  await look("evaluate while it runs");
  await go(page, "Pre-train");
  await say(page, step({ step: 42, std: 0.001 }));
  await expect(page.getByRole("alert").filter({ hasText: "collapsing" })).toBeVisible();
  await look("alarm");
  await release(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible({ timeout: 30_000 });
  await look("paused");

  await go(page, "Evaluate");
  await holdAfter(page, "Progress");
  await page.getByRole("button", { name: "Evaluate", exact: true }).click();
  await held(page);
  await expect(page.getByRole("heading", { name: "Evaluating" })).toBeVisible();
  await look("evaluating");
  await release(page);
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 120_000 });
  await unfold(page);
  await look("evaluated");
  await go(page, "Home");
  await look("home with a result");

  await go(page, "Pre-train");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Start again" })).toBeVisible();
  await look("cancelled");
  await hold(page);
  await page.getByRole("button", { name: "Start again" }).click();
  await say(page, phase("Train"), step({ step: 1 }), step({ step: 2, loss: NaN, std: NaN }), ...notFinite(2));
  await expect(page.getByRole("progressbar", { name: "Stopped by a fault" })).toBeVisible();
  await look("failed");
});

test("more classes than a matrix can show: every one of its cells can be opened", async ({ page }) => {
  const files = {};
  for (let i = 0; i < 32 * 6; i++) files[`set/class ${String(i % 32).padStart(2, "0")}/${i}.png`] = stripes(i + 1, i % 2 === 1);
  await load(page, file("many.zip", zip(files)));
  await quick(page, 1);
  await start(page);
  await expect(page.getByRole("button", { name: "Download encoder" })).toBeVisible({ timeout: 90_000 });
  await evaluate(page, "Evaluate");
  await expect(page.getByRole("heading", { name: "Most frequent mistakes" })).toBeVisible();

  // One class after the other: all test images are behind a button.
  const classes = page.getByRole("combobox", { name: "True class" });
  const section = page.getByRole("region", { name: "What was taken for what" });
  const list = section.getByRole("list").last();
  let images = 0;
  for (const option of await classes.getByRole("option").all()) {
    const words = await option.innerText();
    await classes.selectOption(words);
    const name = words.split(":")[0];
    const right = Number(/: (\d+) of/.exec(words)[1]);
    const buttons = await list.getByRole("button", { name: new RegExp(` of ${name}, `) }).allInnerTexts();
    const all = buttons.reduce((sum, text) => sum + Number.parseInt(text), 0);
    expect(all, words).toBe(Number(/of (\d+) /.exec(words)[1]));
    expect(buttons.filter((text) => text.endsWith("recognised")).reduce((sum, text) => sum + Number.parseInt(text), 0)).toBe(right);
    images += all;
  }
  await expect(page.getByText(`of ${images} test images recognised`).first()).toBeVisible();
  await expectAccessibleEverywhere(page, "many classes");
  const last = list.getByRole("button").first();
  const shown = Number.parseInt(await last.innerText());
  await last.click();
  await expect(page.getByRole("dialog").getByRole("img")).toHaveCount(shown);
  await expectAccessibleEverywhere(page, "images behind a cell");
});

test.describe("a page whose part of the program does not come", () => {
  test.use({ expectedErrors: [/ERR_FAILED|Failed to fetch/] });
  test("is told of, and comes when it is asked for again", async ({ page }) => {
    await page.route(/split_lessons/, (route) => route.abort());
    await page.goto("lesson/lars/");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("This page could not be loaded");
    await expectAccessibleEverywhere(page, "part missing");
    await page.unroute(/split_lessons/);
    await page.getByRole("button", { name: "Try again" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(/LARS/);
  });
});

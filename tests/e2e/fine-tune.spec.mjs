// Fine-tuning beside its baselines, the label fractions, and new images for the classifier, on the CPU backend.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, stripes, zip } from "./make.mjs";
import { go, load, quick, start, trained } from "./person.mjs";

test.setTimeout(300_000);

const set = (count) => file("stripes.zip", zip(stripeFolders(count)));
const button = (page, name) => page.getByRole("button", { name, exact: true });
const results = (page) => page.getByRole("combobox", { name: "Which result" });

/** A set of stripes with an encoder that has seen it for an epoch. */
async function pretrained(page, count = 40) {
  await load(page, set(count));
  await quick(page, 1);
  await start(page);
  await trained(page);
}

async function fill(page, name, value) {
  const box = page.getByRole("spinbutton", { name });
  await box.fill(String(value));
  await box.blur();
}

/** The page "Fine-tune" with settings that take a moment only. */
async function tune(page, epochs = 2) {
  await go(page, "Fine-tune");
  await fill(page, "Epochs", epochs);
  await fill(page, "Fewest steps", 0);
  await fill(page, "Batch size", 8);
}

/** Steps of the training at work. */
async function tuningStep(run) {
  return Number(/Step\s*([\d\s]+?) of/.exec(await run.innerText())?.[1].replaceAll(/\s/g, "") ?? 0);
}

/** axe, in both schemes and at both widths; a picture of each in SHOTS, where that names a folder. */
async function looked(page, name) {
  for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [360, "light"], [360, "dark"]]) {
    await page.setViewportSize({ width, height: 860 });
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(wide, `${name} is wider than ${width} pixels`).toBe(false);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}-${width}-${colorScheme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.emulateMedia({ colorScheme: "light" });
}

test("waits for images, then for labels, then for an encoder, and says where to get them", async ({ page }) => {
  await page.goto("fine-tune/");
  await expect(page.getByRole("heading", { name: "Waiting for images" })).toBeVisible();
  await looked(page, "waits");
  await page.getByRole("link", { name: "Load images" }).click();
  await expect(page).toHaveURL(/\/data\/?$/);
  const unlabelled = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`${i}.png`, stripes(i, false)]));
  await load(page, file("plain.zip", zip(unlabelled)));
  await go(page, "Fine-tune");
  await expect(page.getByRole("heading", { name: "Waiting for labels" })).toBeVisible();

  await load(page, set(20));
  await go(page, "Home");
  await page.getByRole("link", { name: /^Fine-tuning/ }).click();
  await expect(page.getByRole("heading", { name: "Waiting for an encoder" })).toBeVisible();
  await go(page, "Try it");
  await expect(page.getByRole("heading", { name: "Waiting for an encoder" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Pre-train an encoder" }).click();
  await expect(page).toHaveURL(/\/pretrain\/?/);
});

test("ten per cent of the labels beside both baselines; a cell opens its images; what is out of bounds starts nothing", async ({ page }) => {
  await pretrained(page);
  await tune(page, 0);
  await expect(page.getByRole("spinbutton", { name: "Epochs" })).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("alert").filter({ hasText: "Epochs is 0; accepted: 1 to 1000." })).toBeVisible();
  await expect(button(page, "Fine-tune")).toBeDisabled();
  await fill(page, "Epochs", 3);
  const labels = page.getByRole("combobox", { name: "Labels" });
  const offered = await labels.getByRole("option").allTextContents();
  expect(offered.map((words) => Number(/(\d+) label/.exec(words)[1]))).toEqual([2, 2, 5, 12, 24, 48]);
  await expect(labels).toHaveValue("10");
  await page.getByRole("combobox", { name: "Layers that learn" }).selectOption("Last 2 of 4 stages");
  await looked(page, "settings");

  await button(page, "Fine-tune").click();
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("Fine-tuned, 10 % (5 labels), last 2 of 4 stages, 3 epochs")).toHaveCount(1);
  await expect(page.getByText(/^\(95 % confidence: \d+\.\d–\d+\.\d %\)$/)).toBeVisible();
  await expect(page.getByText(/With \d+ test images, a difference between two results is clear from about/)).toBeVisible();

  await button(page, "Train both baselines").click();
  await expect(page.getByText("Both baselines are there for these settings.")).toBeVisible({ timeout: 60_000 });
  await expect(results(page).getByRole("option")).toHaveCount(3);
  await results(page).selectOption({ index: 2 });
  await expect(page.getByRole("listitem").filter({ hasText: "the same network from random weights (3 epochs)" })).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "the linear classifier on the frozen encoder" })).toBeVisible();

  const scores = page.getByRole("table").filter({ hasText: "Macro average" });
  await expect(scores.getByRole("row", { name: /^along/ })).toContainText(/\d–\d.*\d–\d.*\d–\d/s);
  await expect(scores.getByRole("row", { name: /^Macro average/ })).toContainText(/\d–\d/);
  await looked(page, "result");

  const cell = page.getByRole("button", { name: /^\d+ images? of (along|across), (recognised|taken for)/ }).first();
  const count = Number(/^\d+/.exec(await cell.getAttribute("aria-label"))[0]);
  await cell.click();
  const panel = page.getByRole("dialog");
  await expect(panel.getByRole("img")).toHaveCount(count);
  await looked(page, "cell");
  await panel.getByRole("button", { name: "Close" }).click();
  await expect(cell).toBeFocused();
});

test("a training pauses, goes on from there, and is cancelled; its place, step and time left show", async ({ page }) => {
  await pretrained(page);
  await tune(page, 1000);
  await page.getByRole("combobox", { name: "Labels" }).selectOption("100");
  await button(page, "Fine-tune").click();
  const run = page.getByRole("region", { name: "Training" });
  const step = async () => Number(/(\d+) of 6000/.exec((await run.innerText()).replaceAll(/\s(?=\d{3})/g, ""))?.[1] ?? 0);
  await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(5);
  await expect(run).toContainText("1 of 1");
  await expect(run).toContainText(/Time left\s*\d+ (s|min)/);
  await looked(page, "training");
  await go(page, "Evaluate");
  await expect(page.getByRole("heading", { name: "Waiting for fine-tuning" })).toBeVisible();
  await page.getByRole("link", { name: "See fine-tuning" }).click();
  await run.getByRole("button", { name: "Pause" }).click();
  await expect(run.getByRole("button", { name: "Resume" })).toBeVisible();
  const paused = await step();
  // Something else may be done meanwhile, and nothing that would spoil it.
  await expect(button(page, "Fine-tune")).toBeDisabled();
  await go(page, "Evaluate");
  await button(page, "Evaluate").click();
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText(/^\(95 % confidence: \d+\.\d–\d+\.\d %\)$/)).toBeVisible();
  await go(page, "Fine-tune");
  expect(await step(), "a paused training stands still").toBe(paused);
  await run.getByRole("button", { name: "Resume" }).click();
  await expect.poll(step).toBeGreaterThan(paused);
  await run.getByRole("button", { name: "Cancel" }).click();
  await expect(run).toContainText("Cancelled");
  await expect(button(page, "Fine-tune")).toBeEnabled();
  await expect(page.getByRole("heading", { name: "Result" })).toHaveCount(0);
  // The run itself was not asked for anything.
  await go(page, "Pre-train");
  await expect(page.getByRole("main")).toContainText("Finished");
});

test("one button draws accuracy against label fraction; the results are there again after a reload", async ({ page }) => {
  await pretrained(page);
  await tune(page, 2);
  await button(page, "Accuracy against label fraction").click();
  const run = page.getByRole("region", { name: "Training" });
  await expect(run).toContainText(/\d+ of 18/, { timeout: 30_000 });
  await expect(run).toContainText("Finished", { timeout: 200_000 });
  await expect(page.getByText("All three at all six fractions are there for these settings.")).toBeVisible();
  await expect(button(page, "Accuracy against label fraction")).toBeDisabled();
  await expect(page.getByRole("img", { name: /18 of 18 results/ })).toBeVisible();
  await page.getByText("Show as a table").click();
  const table = page.getByRole("region", { name: "Accuracy against label fraction" });
  await expect(table.getByRole("row")).toHaveCount(7);
  const numbers = async () => (await table.getByRole("cell").allTextContents()).map((text) => text.trim());
  const before = await numbers();
  expect(before).toHaveLength(18);
  for (const words of before) expect(words).toMatch(/^\d+\.\d % \(\d+\.\d–\d+\.\d\)$/);
  await looked(page, "fractions");

  page.on("dialog", (dialog) => dialog.accept());
  await page.reload();
  await load(page, set(40));
  await go(page, "Runs");
  await page.getByRole("table", { name: "Stored runs" }).getByRole("button", { name: /^Open/ }).click();
  await expect(page).toHaveURL(/\/pretrain\/?/, { timeout: 60_000 });
  await go(page, "Fine-tune");
  await expect(page.getByRole("img", { name: /18 of 18 results/ })).toBeVisible({ timeout: 30_000 });
  await page.getByText("Show as a table").click();
  expect(await numbers()).toEqual(before);
  await expect(results(page).getByRole("option")).toHaveCount(18);

  // Without random weights nothing is trained twice; other settings are another chart.
  await fill(page, "Epochs", 1);
  await expect(page.getByText("12 trainings", { exact: false })).toBeVisible();
});

test("a new image gets its class and its neighbours; a broken file is named; nothing is sent", async ({ page, requests }) => {
  await pretrained(page, 60);
  const fetched = requests.length;
  await go(page, "Try it");
  await looked(page, "try");
  const camera = page.waitForEvent("filechooser");
  await button(page, "Take a photo").click();
  expect(await (await camera).element().getAttribute("capture"), "the camera that looks away").toBe("environment");
  const show = async (...files) => {
    const chooser = page.waitForEvent("filechooser");
    await button(page, "Choose images").click();
    await (await chooser).setFiles(files);
  };
  const images = (...list) => list.map(([name, bytes]) => ({ name, mimeType: "image/png", buffer: bytes }));
  // One of the training images' own: it is the nearest to itself.
  await show(...images(["known.png", stripes(1, false)], ["broken.png", Buffer.from("\x89PNG\r\n\x1a\n and no more", "latin1")], ["notes.txt", Buffer.from("hello")]));
  await expect(page.getByRole("heading", { name: "What it says" })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("By a linear classifier on the frozen encoder")).toBeVisible();
  const bad = page.getByRole("region", { name: "Files that could not be read" });
  await expect(bad.getByRole("row", { name: /broken\.png/ })).toContainText("damaged or cut short");
  await expect(bad.getByRole("row", { name: /notes\.txt/ })).toContainText("it looks like text");
  await expect(page.getByRole("img", { name: /, cosine/ })).toHaveCount(6);
  await expect(page.getByRole("img", { name: /^across, cosine 1\.000$/ })).not.toHaveCount(0);
  const table = page.getByRole("table", { name: "Probability: known.png" });
  const parts = (await table.getByRole("cell").allTextContents()).map((text) => Number(/(\d+) %/.exec(text)?.[1] ?? 0));
  expect(parts.reduce((sum, part) => sum + part, 0)).toBeGreaterThanOrEqual(99);
  await looked(page, "tried");

  // Fine-tuned on all labels, it knows stripes; new ones are dropped.
  await tune(page, 40);
  await page.getByRole("combobox", { name: "Labels" }).selectOption("100");
  await button(page, "Fine-tune").click();
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 120_000 });
  await page.getByRole("link", { name: "Try it on new images" }).click();
  const drop = await page.evaluateHandle((list) => {
    const transfer = new DataTransfer();
    for (const [name, bytes] of list) transfer.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
    return transfer;
  }, [["new-across.png", [...stripes(9001, false)]], ["new-along.png", [...stripes(9002, true)]]]);
  await page.getByText("Drop images here").dispatchEvent("drop", { dataTransfer: drop });
  await expect(page.getByText("By the encoder that was fine-tuned with 100 % of the labels.")).toBeVisible({ timeout: 60_000 });
  for (const kind of ["across", "along"]) {
    const answer = page.getByRole("listitem").filter({ has: page.getByRole("img", { name: `new-${kind}.png` }) });
    await expect(answer.getByRole("heading", { level: 3 })).toHaveText(new RegExp(`^${kind}, \\d+ %$`));
    await expect(answer.getByRole("img", { name: /cosine/ })).toHaveCount(6);
  }
  await looked(page, "tried-tuned");
  expect(requests.slice(fetched), "requests once the worker is there").toEqual([]);
});

test("half-done fine-tuning outlives its page: it is offered, goes on from its step, and Try it knows the result after another reload", async ({ page, context }) => {
  await pretrained(page);
  await go(page, "Runs");
  await button(page, "Keep these images in the browser").click();
  // Long enough to be paused, however fast the machine.
  await tune(page, 200);
  await page.getByRole("combobox", { name: "Classifier on" }).selectOption("First layer of the head");
  await button(page, "Fine-tune").click();
  const run = page.getByRole("region", { name: "Training" });
  await expect.poll(() => tuningStep(run), { timeout: 60_000, intervals: [100] }).toBeGreaterThan(3);
  await run.getByRole("button", { name: "Pause" }).click();
  await expect(run.getByRole("button", { name: "Resume" })).toBeVisible();
  const paused = await tuningStep(run);
  await page.close();

  const again = await context.newPage();
  again.on("dialog", (dialog) => dialog.accept());
  await again.goto("");
  const card = again.getByRole("region", { name: "Fine-tuning was not finished" });
  await expect(card).toContainText("Of the encoder of stripes.zip.");
  await expectAccessible(again);
  await card.getByRole("button", { name: "Continue" }).click();
  await expect(again).toHaveURL(/\/fine-tune\/?$/, { timeout: 60_000 });
  const rest = again.getByRole("region", { name: "Training" });
  await expect(rest.getByRole("button", { name: "Resume" })).toBeVisible();
  expect(await tuningStep(rest)).toBe(paused);
  await rest.getByRole("button", { name: "Resume" }).click();
  await expect(again.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 120_000 });
  await expect(again.getByText("all layers with the head's first layer, 200 epochs")).not.toHaveCount(0);
  await go(again, "Home");
  await expect(card).toHaveCount(0);

  await again.reload();
  await go(again, "Runs");
  await again.getByRole("table", { name: "Stored runs" }).getByRole("button", { name: /^Open/ }).click();
  await expect(again).toHaveURL(/\/pretrain\/?/, { timeout: 60_000 });
  await go(again, "Try it");
  const chooser = again.waitForEvent("filechooser");
  await button(again, "Choose images").click();
  await (await chooser).setFiles({ name: "new.png", mimeType: "image/png", buffer: Buffer.from(stripes(9001, false)) });
  await expect(again.getByText("By the encoder that was fine-tuned with 10 % of the labels.")).toBeVisible({ timeout: 60_000 });
});

// A run that is stored while it trains: gone on with after the page or the worker was killed, and what goes wrong around that.
import { readFile } from "node:fs/promises";
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { evaluate, go, keepWorker, load, messages, pause, stepCount, training, workerOf } from "./person.mjs";
import { unzip } from "./unzip.mjs";

test.setTimeout(300_000);
const stripesZip = () => file("stripes.zip", zip(stripeFolders(60)));
const button = (page, name) => page.getByRole("button", { name, exact: true });

/** The step that a card offers to go on from. */
const offered = async (card) => Number((await card.innerText()).match(/step (\d+) of 150/)[1]);

/** The losses of every step of the run at hand, from its archive. */
async function losses(page) {
  await evaluate(page, (await button(page, "Evaluate again").count()) ? "Evaluate again" : "Evaluate");
  const waiting = page.waitForEvent("download");
  await button(page, "Export the run (zip)").click();
  const files = unzip(await readFile(await (await waiting).path()));
  const lines = files["steps.csv"].toString().trim().split("\r\n").slice(1);
  return lines.map((line) => Number(line.split(",")[2]));
}

/** The run that went on and one from the start to the end without a stop give the same losses. */
async function agrees(page) {
  const over = () => expect(button(page, "Start again")).toBeVisible({ timeout: 120_000 });
  await over();
  const stopped = await losses(page);
  await go(page, "Pre-train");
  await button(page, "Start again").click();
  await expect(button(page, "Start again")).toHaveCount(0);
  await over();
  const whole = await losses(page);
  expect(stopped.length).toBe(150);
  expect(whole.length).toBe(150);
  const furthest = Math.max(...whole.map((loss, i) => Math.abs(loss - stopped[i])));
  expect(furthest).toBeLessThan(1e-3);
}

test("the page is killed in mid-run: the run is offered again and gives the same losses as one without a stop", async ({ page, context }) => {
  await load(page, stripesZip());
  await training(page, 75);
  const step = await pause(page);
  await button(page, "Resume").click();
  await expect.poll(() => stepCount(page)).toBeGreaterThan(step + 10);
  await page.close();

  const again = await context.newPage();
  const workers = [];
  again.on("request", (request) => request.url().includes("worker") && workers.push(request.url()));
  await again.goto("");
  const card = again.getByRole("region", { name: "A run was not finished" });
  await expect(card).toContainText("stripes.zip: step");
  // A slow machine has saved once more meanwhile.
  const kept = await offered(card);
  expect(kept).toBeGreaterThanOrEqual(step);
  expect(workers, "the worker is not loaded for that").toEqual([]);
  await expectAccessible(again);
  await card.getByRole("button", { name: "Continue" }).click();
  await expect(card.getByRole("alert")).toContainText("It needs the images that it began on: stripes.zip (120), 16 pixels", { timeout: 60_000 });
  await expectAccessible(again);
  await card.getByRole("link", { name: "Choose the images" }).click();
  await load(again, stripesZip());
  await go(again, "Pre-train");
  await again.getByRole("button", { name: "Continue" }).click();
  await expect(button(again, "Resume")).toBeVisible();
  expect(await stepCount(again)).toBe(kept);
  await expect(again.getByRole("img", { name: /NT-Xent loss/ })).toBeVisible();
  await button(again, "Resume").click();
  await agrees(again);
  await go(again, "Home");
  await expect(again.getByRole("region", { name: "A run was not finished" })).toHaveCount(0);
});

test("the worker is killed in mid-run: after a restart the run goes on to the same losses", async ({ page }) => {
  await keepWorker(page);
  await page.clock.install();
  await load(page, stripesZip());
  await training(page, 75);
  const step = await pause(page);
  await button(page, "Resume").click();
  await expect.poll(() => stepCount(page)).toBeGreaterThan(step + 10);
  await page.evaluate(() => window.keptWorker.terminate());
  await page.clock.runFor(70_000);
  await messages(page).getByRole("button", { name: "Restart" }).click();
  const card = page.getByRole("region", { name: "A run was not finished" });
  await expect(card.getByRole("button", { name: "Continue" })).toBeEnabled({ timeout: 60_000 });
  const kept = await offered(card);
  expect(kept).toBeGreaterThanOrEqual(step);
  await card.getByRole("button", { name: "Continue" }).click();
  await expect(button(page, "Resume")).toBeVisible({ timeout: 60_000 });
  expect(await stepCount(page)).toBe(kept);
  await button(page, "Resume").click();
  await agrees(page);
});

test.describe("memory that ran out", () => {
  test.use({ expectedErrors: [/out of memory in this test/] });

  test("in mid-run: the run goes on from its last save in smaller chunks, and its record says so", async ({ page }) => {
    const started = workerOf(page);
    await load(page, stripesZip());
    await training(page, 20);
    const kept = await pause(page);
    await button(page, "Resume").click();
    await expect.poll(() => stepCount(page)).toBeGreaterThan(kept);
    await (await started).evaluate(
      () =>
        void setTimeout(() => {
          throw new Error("out of memory in this test");
        }),
    );
    const main = page.getByRole("main");
    await expect(main).toContainText("The device gave up on batches of");
    await expect(main).toContainText("Batch normalisation then sees");
    await expectAccessible(page);
    const offer = main.getByRole("button", { name: /^Go on from the last save, in chunks of \d+$/ });
    const chunk = Number(/\d+$/.exec(await offer.innerText())[0]);
    await offer.click();
    await expect(button(page, "Start again")).toBeVisible({ timeout: 120_000 });
    await expect(main).not.toContainText("The device gave up on");
    await go(page, "Runs");
    await expect(main.getByRole("row")).toHaveCount(2);
    await expect(main.getByRole("row").last()).toContainText("Finished");
    await main.getByRole("button", { name: /^More/ }).click();
    await expect(main).toContainText(new RegExp(`Up to step \\d+, ${2 * chunk} images went through the networks at once\\.`));
  });
});

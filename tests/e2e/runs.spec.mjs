// Runs that are stored: listed, described, shared, copied, deleted and brought back.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { choose, go, load, pause, stepCount, trained, training } from "./person.mjs";
import { stripesZip, button, table, rows, queue, panel, short } from "./runs.mjs";

test.setTimeout(300_000);

test("a finished run is listed with its settings; sorted, renamed, shared, begun anew, deleted", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await load(page, stripesZip());
  await go(page, "Runs");
  await expect(page.getByText("No run is stored yet")).toBeVisible();
  await expectAccessible(page);
  await short(page);
  await page.getByLabel("Temperature").fill("0.1");
  await page.locator("summary", { hasText: "Optimiser and seed" }).click();
  await page.getByRole("spinbutton", { name: "Seed" }).fill("17");
  await page.getByRole("spinbutton", { name: "Seed" }).blur();
  await button(page, "Start again").click();
  await expect(button(page, "Start again")).toHaveCount(0);
  await trained(page);
  await go(page, "Evaluate");
  await button(page, "Evaluate").click();
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 60_000 });
  await go(page, "Runs");
  await expect(rows(page)).toHaveCount(2);
  await expect(table(page)).toContainText("best on validation");
  await expect(table(page)).toContainText("test set used once");
  await expect(rows(page).first()).toContainText("stripes.zip (120)");
  await expect(rows(page).first()).toContainText("Finished");

  // Only what differs has a column; missing values come last both ways.
  for (const name of ["Temperature τ", "Seed"]) await expect(table(page).getByRole("columnheader", { name })).toBeVisible();
  await expect(table(page).getByRole("columnheader", { name: "Batch size N" })).toHaveCount(0);
  const validation = table(page).getByRole("columnheader", { name: "Validation" });
  for (const order of ["descending", "ascending"]) {
    await validation.getByRole("button").click();
    await expect(validation).toHaveAttribute("aria-sort", order);
    await expect(rows(page).last()).not.toContainText("test set used");
  }
  const seed = table(page).getByRole("columnheader", { name: "Seed" });
  await seed.getByRole("button").click();
  await expect(rows(page).first()).toContainText("17");

  await rows(page).first().getByRole("button", { name: /^More/ }).click();
  await panel(page).getByLabel("Name").fill("my best");
  await panel(page).getByLabel("Notes").fill("x".repeat(10_001));
  await expect(panel(page).getByRole("alert").filter({ hasText: "Shorten them" })).toBeVisible();
  await panel(page).getByLabel("Notes").fill("warmer\nthan the other");
  await panel(page).getByRole("button", { name: "Save name" }).click();
  await expect(rows(page).first()).toContainText("my best");
  await expectAccessible(page);

  await panel(page).getByRole("button", { name: "Copy link" }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain("seed=17");
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.getByText("Nothing runs before you press Start")).toBeVisible();
  await expect(other.getByRole("region", { name: "Run", exact: true })).toContainText("Not started");
  await other.locator("summary", { hasText: "Optimiser and seed" }).click();
  await expect(other.getByRole("spinbutton", { name: "Seed" })).toHaveValue("17");
  await other.close();

  await panel(page).getByRole("combobox", { name: /^Setting/ }).selectOption("batch");
  await panel(page).getByLabel("Value", { exact: true }).fill("1");
  await button(page, "Set it up").click();
  await expect(panel(page).getByRole("alert").filter({ hasText: "accepted: 2 to 4096" })).toBeVisible();
  await panel(page).getByLabel("Value", { exact: true }).fill("16");
  await button(page, "Set it up").click();
  await expect(page.getByRole("heading", { name: "Pre-train" })).toBeVisible();
  await expect(page.getByRole("spinbutton", { name: "Batch size N" })).toHaveValue("16");
  await page.locator("summary", { hasText: "Optimiser and seed" }).click();
  await expect(page.getByRole("spinbutton", { name: "Seed" })).toHaveValue("17");
  await expect(button(page, "Start again"), "not started").toBeVisible();

  await go(page, "Runs");
  await rows(page).filter({ hasText: "my best" }).getByRole("button", { name: /^More/ }).click();
  await panel(page).getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("dialog")).toContainText("Delete my best?");
  await expectAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Keep" }).click();
  await expect(rows(page)).toHaveCount(2);
  await panel(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect(table(page)).not.toContainText("my best");

  // For a day it can be brought back, or deleted for good.
  const deleted = page.getByRole("region", { name: "Deleted in the last day" });
  await expect(deleted.getByRole("listitem")).toHaveCount(1);
  await expectAccessible(page);
  await deleted.getByRole("button", { name: "Undo: my best" }).click();
  await expect(rows(page)).toHaveCount(2);
  await expect(deleted).toHaveCount(0);
  await rows(page).filter({ hasText: "my best" }).getByRole("button", { name: /^More/ }).click();
  await expect(panel(page).getByLabel("Notes")).toHaveValue("warmer\nthan the other");
  await panel(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await deleted.getByRole("button", { name: "Delete for good: my best" }).click();
  await expect(page.getByRole("dialog")).toContainText("deleted for good");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(deleted).toHaveCount(0);
  await expect(rows(page)).toHaveCount(1);

  // The same with one value changed: into the queue, and at once. No press is lost while the list comes again.
  await rows(page).first().getByRole("button", { name: /^More/ }).click();
  await panel(page).getByLabel("Name").fill("the other");
  await panel(page).getByRole("combobox", { name: /^Setting/ }).selectOption("seed");
  await panel(page).getByRole("button", { name: "Save name" }).click();
  for (const seed of ["23", "31"]) {
    await panel(page).getByLabel("Value", { exact: true }).fill(seed);
    await button(page, "Add to the queue").click();
  }
  await expect(panel(page)).toContainText("Added to the queue below.");
  await expect(queue(page).getByRole("listitem")).toHaveCount(2);
  await expect(queue(page)).toContainText("Seed 23");
  await expect(queue(page)).toContainText("Seed 31");
  await panel(page).getByLabel("Value", { exact: true }).fill("29");
  await button(page, "Start it").click();
  await expect(page.getByRole("heading", { name: "Pre-train" })).toBeVisible();
  await trained(page);
  await go(page, "Runs");
  // Only the seed differs: one row, which unfolds.
  await expect(rows(page)).toHaveCount(1);
  await rows(page).getByRole("button", { name: /^Its runs/ }).click();
  await expect(rows(page)).toHaveCount(3);
  await expect(table(page)).toContainText("29");

  const storage = page.getByRole("region", { name: "Storage" });
  await storage.getByRole("button", { name: "Keep these images" }).click();
  await expect(storage).toContainText("Kept: stripes.zip (120)");
  await storage.getByRole("button", { name: "Delete everything stored" }).click();
  await expect(page.getByRole("dialog")).toContainText("Your own files, downloads");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("No run is stored yet")).toBeVisible();
  await expect(queue(page)).toContainText("The queue is empty.");
  await expect(storage).not.toContainText("Kept: stripes.zip");
  await page.reload();
  await expect(page.getByText("No run is stored yet")).toBeVisible({ timeout: 60_000 });
});

test("a run is copied with its notes, and the copy goes its own way; a deleted run comes back after a reload", async ({ page }) => {
  page.on("dialog", (dialog) => dialog.accept());
  await load(page, stripesZip());
  await go(page, "Runs");
  await button(page, "Keep these images in the browser").click();
  await expect(page.getByText("Kept: stripes.zip (120)")).toBeVisible();
  await training(page, 500);
  const step = await pause(page);
  await go(page, "Runs");
  await rows(page).first().getByRole("button", { name: /^More/ }).click();
  await panel(page).getByLabel("Name").fill("first");
  await panel(page).getByLabel("Notes").fill("a note\nof two lines");
  await panel(page).getByRole("button", { name: "Save name" }).click();
  await expect(rows(page).first()).toContainText("first");
  await panel(page).getByText("History", { exact: true }).click();
  await expect(panel(page).getByRole("listitem")).toHaveCount(2);
  await expect(panel(page)).toContainText("Paused at step");
  await expectAccessible(page);
  await button(page, "Duplicate").click();
  await expect(rows(page)).toHaveCount(2);

  await page.goto("runs/");
  const copy = rows(page).filter({ hasText: "first (copy)" });
  await copy.getByRole("button", { name: /^More/ }).click({ timeout: 60_000 });
  await expect(panel(page).getByLabel("Notes")).toHaveValue("a note\nof two lines");
  await panel(page).getByText("History", { exact: true }).click();
  await expect(panel(page)).toContainText("Copied from first");
  await panel(page).getByRole("button", { name: "Open", exact: true }).click();
  await expect(button(page, "Resume")).toBeVisible({ timeout: 60_000 });
  expect(await stepCount(page)).toBe(step);
  await button(page, "Resume").click();
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(step);
  const further = await pause(page);
  await go(page, "Runs");
  await expect(copy).toContainText(`Paused at step ${further}`);
  const first = rows(page).filter({ hasNotText: "(copy)" });
  await expect(first).toContainText(`Paused at step ${step}`);

  await first.getByRole("button", { name: /^More/ }).click();
  await panel(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(rows(page)).toHaveCount(1);
  await page.reload();
  await button(page, "Undo: first").click({ timeout: 60_000 });
  await first.getByRole("button", { name: /^Open/ }).click();
  await expect(button(page, "Resume")).toBeVisible({ timeout: 60_000 });
  expect(await stepCount(page)).toBe(step);
});

test("a run that another tab trains can neither be opened nor deleted, and both tabs keep their own", async ({ page, context }) => {
  await load(page, stripesZip());
  await training(page, 2000);
  await pause(page);
  await button(page, "Resume").click();

  const other = await context.newPage();
  await load(other, stripesZip());
  await short(other);
  await go(other, "Runs");
  await expect(rows(other)).toHaveCount(2, { timeout: 60_000 });
  const first = rows(other).filter({ hasText: /Paused|Cut off/ });
  await first.getByRole("button", { name: /^Open/ }).click();
  const said = other.getByText("Another tab of this site has this run open.");
  await expect(said).toBeVisible({ timeout: 30_000 });
  await expectAccessible(other);
  await button(other, "Try again").click();
  await expect(said).toHaveCount(0);
  await first.getByRole("button", { name: /^More/ }).click();
  await panel(other).getByRole("button", { name: "Delete" }).click();
  await other.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(said).toBeVisible();
  await expect(rows(other)).toHaveCount(2);

  const before = await stepCount(page);
  await expect.poll(() => stepCount(page)).toBeGreaterThan(before);
  await pause(page);
  await go(page, "Runs");
  await expect(rows(page)).toHaveCount(2);
});

test("on a phone nothing but the table's own region scrolls sideways", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await load(page, stripesZip());
  await short(page, 1);
  await go(page, "Runs");
  await expect(rows(page)).toHaveCount(1);
  await rows(page).first().getByRole("button", { name: /^More/ }).click();
  await expectAccessible(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wide, "pixels beyond the screen").toBeLessThanOrEqual(0);
});

test("a run on images that were split by another seed says so, and opens when they are loaded as it says", async ({ page, context }) => {
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("16");
  await page.getByLabel("Split seed").fill("7");
  await page.getByLabel("Split seed").blur();
  await choose(page, stripesZip());
  await page.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
  await short(page);
  await page.close();

  const again = await context.newPage();
  await again.goto("runs/");
  await rows(again).first().getByRole("button", { name: /^Open/ }).click({ timeout: 60_000 });
  await expect(panel(again)).toContainText("split seed 7");
  await panel(again).getByRole("link", { name: "Choose the images" }).click();
  await expect(again.getByLabel("Split seed")).toHaveValue("7");
  await again.getByLabel("Image size").selectOption("16");
  await choose(again, stripesZip());
  await again.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
  await go(again, "Runs");
  await rows(again).first().getByRole("button", { name: /^Open/ }).click();
  await expect(again.getByRole("heading", { name: "Pre-train" })).toBeVisible();
  await expect(button(again, "Download encoder")).toBeVisible();
});

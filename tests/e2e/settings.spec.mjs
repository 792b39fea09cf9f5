// Settings: what each accepts, its default, what becomes of a value that is refused, and the way back to a preset.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { choose, go, load } from "./person.mjs";

const fold = (page, name) => page.getByText(name, { exact: true }).click();

test("a refused value is named with what is accepted, and a preset puts the setting back", async ({ page }) => {
  await page.goto("pretrain/");
  await fold(page, "Optimiser and seed");
  const seed = page.getByRole("spinbutton", { name: "Seed" });
  const before = await seed.inputValue();
  await expect(seed).toHaveAccessibleDescription(/Accepted: 0 to \d+\. Default: \d+\./);
  await seed.fill("-1");
  await seed.blur();
  await expect(seed).toHaveAccessibleDescription(/is -1; accepted: 0 to/);
  await expectAccessible(page);
  await page.getByRole("radio", { name: "Thorough" }).check();
  await expect(seed).toHaveValue(before);
  await expect(seed).toHaveAccessibleDescription(/^(?!.*is -1)/);
});

test("a preset that was changed can be chosen back, and the address then holds the preset again", async ({ page }) => {
  await page.goto("pretrain/");
  const preset = page.getByRole("radio", { name: "Balanced" });
  await expect(preset).toBeChecked();
  const epochs = page.getByRole("spinbutton", { name: "Epochs" });
  const before = await epochs.inputValue();
  await epochs.fill("77");
  await epochs.blur();
  await expect(preset).not.toBeChecked();
  await expect(page.getByText("Balanced, with changes of your own.")).toBeVisible();
  await expect(page).toHaveURL(/epochs=77/);
  await expectAccessible(page);
  await preset.check();
  await expect(epochs).toHaveValue(before);
  await expect(page.getByText("with changes of your own")).toHaveCount(0);
  await expect(page).toHaveURL(/pretrain\/?\?preset=balanced&size=32$/);
  // A change that is taken back by hand is none.
  await epochs.fill("77");
  await epochs.blur();
  await expect(preset).not.toBeChecked();
  await epochs.fill(before);
  await epochs.blur();
  await expect(preset).toBeChecked();
});

test("a setting that changes nothing says why and is shut", async ({ page }) => {
  await page.goto("pretrain/");
  await fold(page, "Encoder and head");
  await fold(page, "Optimiser and seed");
  const stem = page.getByRole("combobox", { name: "Stem" });
  const momentum = page.getByRole("spinbutton", { name: "Momentum" });
  await expect(stem).toBeEnabled();
  await page.getByRole("combobox", { name: "Encoder" }).selectOption("4-layer convolutional net");
  await expect(stem).toBeDisabled();
  await expect(stem).toHaveAccessibleDescription(/This network has its own/);
  await page.getByRole("combobox", { name: "Optimiser" }).selectOption("AdamW");
  await expect(momentum).toBeDisabled();
  await expect(momentum).toHaveAccessibleDescription(/AdamW does not use it/);
  await expectAccessible(page);
  await page.getByRole("combobox", { name: "Encoder" }).selectOption("ResNet-18");
  await expect(stem).toBeEnabled();
});

test("the time of a run is estimated unasked on the images page, by the same card as before Start", async ({ page }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  const card = page.getByRole("region", { name: "Estimate" });
  await expect(card).toContainText(/A step\s*\d[\d.]* m?s/, { timeout: 60_000 });
  await expect(card).toContainText("Timed on this device", { timeout: 60_000 });
  await expectAccessible(page);
  const words = await card.innerText();
  await go(page, "Pre-train");
  await expect.poll(() => card.innerText()).toBe(words);
});

test("the largest network is timed in seconds on the CPU, and a quick change of preset is timed too", async ({ page }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await go(page, "Pre-train");
  const card = page.getByRole("region", { name: "Estimate" });
  const known = "Timed on this device";
  await page.getByRole("radio", { name: "Thorough" }).check({ force: true });
  await expect(card).toContainText("Timing a few steps");
  // Asked for while the other is at work.
  await page.getByRole("radio", { name: "Quick look" }).check({ force: true });
  await expect(card).toContainText(known, { timeout: 60_000 });
  await page.getByRole("radio", { name: "Thorough" }).check({ force: true });
  await expect(card).toContainText("Timing a few steps");
  await expect(card).toContainText(known, { timeout: 60_000 });
});

test("a preset is a recipe that no timing changes, and its address gives the same run elsewhere", async ({ page, context }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await go(page, "Pre-train");
  const card = page.getByRole("region", { name: "Estimate" });
  // A guess comes at once, then the timing.
  await expect(card).toContainText(/A step\s*\d[\d.]* m?s/);
  await page.getByRole("radio", { name: "Quick look" }).check();
  const epochs = page.getByRole("spinbutton", { name: "Epochs" });
  const recipe = await epochs.inputValue();
  await expect(card).toContainText("Timed on this device", { timeout: 60_000 });
  await expect(epochs).toHaveValue(recipe);
  await expect(epochs).toHaveAccessibleDescription(new RegExp(`Default: ${recipe}\\.`));
  await expect(page).toHaveURL(/\?preset=quick_look&size=16$/);

  // What it sets stands in one place, beside the others.
  await fold(page, "What the presets set, and why");
  await expect(page.getByRole("row", { name: /^Epochs / })).toContainText(recipe);
  await expect(page.getByRole("row", { name: /^Whole run / })).toContainText(/\d+ (s|min|h)/);
  await expect(page.getByText(/^Your images: .*, of which \d+ train at 16 pixels\.$/)).toBeVisible();
  await expectAccessible(page);

  const other = await context.newPage();
  await other.goto(page.url());
  await expect(other.getByRole("radio", { name: "Quick look" })).toBeChecked();
  await go(other, "Images");
  await choose(other, file("stripes.zip", zip(stripeFolders(60))));
  await other.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
  await go(other, "Pre-train");
  await expect(other.getByRole("spinbutton", { name: "Epochs" })).toHaveValue(recipe);
  // The device was timed before, by the other page.
  await expect(other.getByRole("region", { name: "Estimate" })).toContainText(/earlier timing|Timed/);
  await other.close();

  // Settings of one's own: all of them.
  await epochs.fill("1");
  await epochs.blur();
  await page.waitForTimeout(3_000);
  await expect(epochs).toHaveValue("1");
  await expect(page).toHaveURL(/size=16&encoder=convnet4&.*epochs=1&seed=0$/);
});

test("a run is fitted into minutes, and what that gives up is said before it is taken", async ({ page }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await go(page, "Pre-train");
  await page.getByRole("radio", { name: "Thorough" }).check({ force: true });
  await expect(page.getByRole("region", { name: "Estimate" })).toContainText("Timed on this device", { timeout: 60_000 });
  const epochs = page.getByRole("spinbutton", { name: "Epochs" });
  const before = await epochs.inputValue();
  const fit = page.getByRole("group", { name: "Shorter settings" });
  await fit.getByRole("spinbutton").fill("100000");
  await expect(fit).toContainText("These settings fit");
  await fit.getByRole("spinbutton").fill("0.1");
  await expect(fit).toContainText(/Given up: accuracy/);
  await expect(fit.getByRole("listitem").filter({ hasText: "Epochs" })).toContainText(`${before} →`);
  await expect(epochs).toHaveValue(before);
  await expectAccessible(page);
  await fit.getByRole("button", { name: "Use these settings" }).click();
  await expect(epochs).not.toHaveValue(before);
  await expect(page.getByText("Thorough, with changes of your own.")).toBeVisible();
});

test("settings beyond the CPU's memory are named before a start, which is refused", async ({ page }) => {
  await load(page, file("stripes.zip", zip(stripeFolders(620))));
  await go(page, "Pre-train");
  await page.getByRole("radio", { name: "Thorough" }).check({ force: true });
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("740");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
  const words = /These settings need about [\d.]+ GB of memory; on the CPU a browser gives about [\d.]+ GB/;
  await expect(page.getByRole("region", { name: "Estimate" })).toContainText(words);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect(page.getByRole("alert", { name: "Messages" })).toContainText(words);
  await expect(page.getByRole("alert", { name: "Messages" }).getByRole("button", { name: "Restart" })).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Run" })).toContainText("Not started");
});

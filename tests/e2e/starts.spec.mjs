// "Compare starts": two contestants are trained and judged, and what the others lack is said and offered. Nightly: four are
// trained by themselves, and what came out outlives the page.
import { test, expect, expectAccessible, expectAccessibleEverywhere } from "./fixtures.mjs";
import { golden } from "./ask.mjs";
import { file, fileOnDisk, safetensors, stripeFolders, zip } from "./make.mjs";
import { choose, quick } from "./person.mjs";
import { button, queue, rows } from "./runs.mjs";

const { tensors } = golden("encoders.json").cases.find(({ name }) => name === "resnet18");
const card = (page) => page.getByRole("region", { name: "Is SimCLR worth it on these images?" });
const result = (page) => page.getByRole("region", { name: "Compared starts" });

async function compare(page) {
  await expect(button(page, "Compare starts")).toBeEnabled({ timeout: 60_000 });
  await button(page, "Compare starts").click();
  await page.getByRole("heading", { name: "Runs", level: 1 }).waitFor();
}

const names = ["ImageNet weights as they are", "SimCLR from ImageNet weights", "SimCLR from random weights", "Labels alone, from random weights"];

async function load(page) {
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("32");
  await choose(page, file("set.zip", zip(stripeFolders(5))));
  await page.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
  await quick(page, 1);
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("4");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
}

// Takes ResNet-18 and its weights from a file: four contestants.
async function loadWeights(page) {
  await button(page, "Choose ImageNet weights").click();
  await expect(page.getByLabel("Encoder", { exact: true })).toHaveValue("resnet18");
  await expect(page.getByLabel("Start", { exact: true })).toBeFocused();
  await expect(card(page)).toContainText("The weights of ResNet-18 are not loaded");
  const chooser = page.waitForEvent("filechooser");
  await button(page, "Weights from a file").click();
  await (await chooser).setFiles(fileOnDisk("any-name.bin", safetensors(tensors)));
  await expect(page.getByText(/^Loaded: ResNet-18, from any-name\.bin \(/)).toBeVisible({ timeout: 60_000 });
  await expect(card(page).getByRole("listitem")).toHaveText(names.map((name) => new RegExp(`^${name}`)));
}

test("two starts are compared by themselves, and what the others lack is said and offered", async ({ page }) => {
  test.setTimeout(240_000);
  await load(page);

  // The smallest encoder has no published weights: two contestants, whose times follow from the estimate.
  await expect(card(page)).toContainText("Nobody published weights of this encoder");
  await expect(card(page)).toContainText("with labels of 2 classes");
  await expect(card(page)).toContainText("That is experience, not a promise.");
  await expectAccessible(page);
  await expect(card(page).getByRole("listitem")).toHaveText([/^SimCLR from random weights: about \d/, /^Labels alone, from random weights: about \d/], { timeout: 60_000 });
  await compare(page);
  await expect(queue(page)).toContainText("1 of 1 over", { timeout: 120_000 });
  await expect(result(page).getByRole("rowheader")).toHaveText(["SimCLR from random weights", "Labels alone, from random weights"]);
  await expectAccessibleEverywhere(page, "starts");
  await expect(result(page)).toContainText(/SimCLR was (not )?worth it here|No clear answer/);

  // With published weights all four, whose network the card does not change.
  await page.getByRole("navigation").getByRole("link", { name: "Pre-train" }).click();
  await loadWeights(page);
  await expect(card(page)).not.toContainText("so only the two starts");
  await expect(button(page, "Compare starts")).toBeEnabled({ timeout: 60_000 });
  // More images a batch than there are.
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("4000");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
  await expect(card(page)).toContainText("Choose a smaller batch.");
  await expect(button(page, "Compare starts")).toBeDisabled();
});

test("four starts are compared on equal labels, and the answer outlives the page @nightly", async ({ page }) => {
  test.setTimeout(420_000);
  await load(page);
  await loadWeights(page);
  await compare(page);
  await expect(queue(page)).toContainText("3 of 3 over", { timeout: 240_000 });
  await expect(rows(page)).toHaveCount(3);
  const newest = async () => {
    const table = result(page).getByRole("table", { name: "Test accuracy of each start" }).first();
    await expect(table.getByRole("rowheader")).toHaveText(names, { timeout: 60_000 });
    return table.innerText();
  };
  const before = await newest();
  expect(before.match(/\d+\.\d %/g).length, "an accuracy each, and chance").toBe(5);
  await page.goto("runs/");
  expect(await newest()).toBe(before);
});

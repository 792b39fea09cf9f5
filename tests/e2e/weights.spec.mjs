// Published weights from a file: a bad one is told, a good one starts a run, and every result says what it started from.
import { test, expect, expectAccessibleEverywhere } from "./fixtures.mjs";
import { golden } from "./ask.mjs";
import { file, fileOnDisk, png, safetensors, stripeFolders, zip } from "./make.mjs";
import { choose, evaluate, go, quick, start, trained } from "./person.mjs";

/** Names and shapes of torchvision's ResNet-18, and numbers that keep its features finite. */
const { tensors } = golden("encoders.json").cases.find(({ name }) => name === "resnet18");

async function chooseWeights(page, chosen) {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Weights from a file" }).click();
  await (await chooser).setFiles(chosen);
}

/** Images of 32 pixels, the least that the network takes. */
async function images(page) {
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("32");
  await choose(page, file("set.zip", zip(stripeFolders(10))));
  await page.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
}

test("weights from a file start a run with a frozen encoder, and are judged as they are", async ({ page }) => {
  test.setTimeout(240_000);
  const main = page.getByRole("main");
  await images(page);
  await quick(page, 1);
  await page.getByText("Encoder and head", { exact: true }).click();

  await chooseWeights(page, file("resnet50.pth", png(8, () => [9, 9, 9])));
  await expect(page.getByText("The file holds no weights: it is neither safetensors nor PyTorch's; it looks like this: Png image.")).toBeVisible();
  const short = tensors.filter(([name]) => name !== "layer4.1.conv2.weight");
  await chooseWeights(page, fileOnDisk("weights.bin", safetensors(short)));
  await expect(page.getByText(/seems to be ResNet-18, but does not fit it\. Missing: layer4\.1\.conv2\.weight\./)).toBeVisible({ timeout: 60_000 });

  await chooseWeights(page, fileOnDisk("any-name.bin", safetensors(tensors)));
  await expect(page.getByText(/^Loaded: ResNet-18, from any-name\.bin \(/)).toBeVisible({ timeout: 60_000 });
  await expect(page.getByLabel("Encoder", { exact: true })).toHaveValue("resnet18");
  await expect(page.getByLabel("Start", { exact: true })).toHaveValue("imagenet_weights");
  await expect(main).toContainText("published for images of 224 × 224 pixels; any size from 32 on works.");
  await page.getByLabel("What trains").selectOption("head");
  await page.getByRole("spinbutton", { name: "Batch size N" }).fill("4");
  await page.getByRole("spinbutton", { name: "Batch size N" }).blur();
  await expectAccessibleEverywhere(page, "weights");

  await start(page);
  await trained(page);
  await expect(main).toContainText("ResNet-18, ImageNet weights, head trained, encoder frozen");
  await page.getByRole("button", { name: "Judge ImageNet features" }).click();
  await expect(page.getByRole("heading", { name: "Evaluate", level: 1 })).toBeVisible({ timeout: 60_000 });
  await page.getByRole("heading", { name: "Result" }).waitFor({ timeout: 60_000 });
  await expect(main).toContainText("ResNet-18, ImageNet weights, as they are. Encoder as published;");
  await expect(page.getByRole("rowheader", { name: "ImageNet features", exact: true })).toHaveCount(2);
  await expect(main).toContainText("SimCLR changed nothing in it.");

  // What any other run on these images is compared with.
  await go(page, "Pre-train");
  await page.getByText("Encoder and head", { exact: true }).click();
  await page.getByLabel("Start", { exact: true }).selectOption("random");
  await page.getByLabel("Encoder", { exact: true }).selectOption("convnet4");
  await page.getByRole("spinbutton", { name: "Epochs" }).fill("1");
  await page.getByRole("button", { name: "Start again" }).click();
  await trained(page);
  await evaluate(page, "Evaluate");
  await expect(page.getByRole("rowheader", { name: "ImageNet features of ResNet-18" })).toHaveCount(2);
  await expect(page.getByRole("listitem").filter({ hasText: "ImageNet features of ResNet-18" })).toHaveCount(1);

  await go(page, "Runs");
  for (const words of ["ImageNet weights, as they are", "ImageNet weights, head trained, encoder frozen"])
    await expect(page.getByRole("cell", { name: words, exact: true })).toBeVisible();

  // Other weights of the same network are no baseline of a run.
  const judged = page.getByRole("row").filter({ hasText: "head trained, encoder frozen" });
  await judged.getByRole("button", { name: /^More/ }).click();
  await expect(main).toContainText(/Started from the weights of any-name\.bin \([0-9a-f]{16}\)/);
});

test("a run from ImageNet weights waits for them, and for images that are large enough", async ({ page }) => {
  await images(page);
  await quick(page, 1);
  await page.getByText("Encoder and head", { exact: true }).click();
  const [encoder, from] = ["Encoder", "Start"].map((label) => page.getByLabel(label, { exact: true }));
  const begin = page.getByRole("button", { name: "Start", exact: true });
  const needed = page.getByText("Load the ImageNet weights below before starting, at Encoder and head.");
  await encoder.selectOption("resnet50");
  await expect(begin).toBeEnabled();
  await from.selectOption("imagenet_weights");
  await expect(needed).toBeVisible();
  await expect(begin).toBeDisabled();
  await encoder.selectOption("inception_resnet_v2");
  await expect(page.getByLabel("Image size")).toHaveValue("96");
  await expect(page.getByRole("button", { name: "Read them again at 96 pixels" })).toBeVisible();
  // Nobody published weights of the small ones.
  await encoder.selectOption("convnet4");
  await expect(from).toHaveValue("random");
  await expect(needed).toBeHidden();
});

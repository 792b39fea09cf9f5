// The method's chart on the home page: every node says what it is doing or waits for, and opens its stage.
import { test, expect } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { evaluate, go, load, quick, start } from "./person.mjs";

const chart = (page) => page.getByRole("region", { name: "The method, live" });
const node = (page, label) => chart(page).getByRole("link", { name: new RegExp(`^${label}\\b`) });
const opens = {
  Images: "data", Augmentation: "pretrain", "View 1": "pretrain", "View 2": "pretrain", Encoder: "pretrain",
  "Features 1": "evaluate", "Features 2": "evaluate", "Projection head": "pretrain", "Embedding 1": "pretrain",
  "Embedding 2": "pretrain", "NT-Xent": "pretrain", "Linear evaluation": "evaluate", "Fine-tuning": "fine-tune", Precision: "evaluate",
};

/** What each node says, in the order of `opens`; both of a pair say the same. */
async function expectStates(page, [images, augmentation, views, encoder, features, head, embeddings, loss, linear, tuning, scores]) {
  const words = [images, augmentation, views, views, encoder, features, features, head, embeddings, embeddings, loss, linear, tuning, scores];
  await expect(chart(page).getByRole("link")).toHaveCount(words.length);
  for (const [i, label] of Object.keys(opens).entries()) await expect(node(page, label), label).toHaveAccessibleName(words[i], { timeout: 60_000 });
}

const images = /Waiting for images/;
const training = /Waiting for pre-training/;
const linear = /Waiting for linear evaluation/;

test("its nodes from an empty page to a result", async ({ page }) => {
  test.setTimeout(240_000);
  await page.goto("");
  await expectStates(page, [/Waiting for you to choose/, images, images, images, images, images, images, training, training, training, linear]);
  for (const [label, stage] of Object.entries(opens)) await expect(node(page, label)).toHaveAttribute("href", new RegExp(`/x/${stage}/?$`));

  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await go(page, "Home");
  const loaded = /120 images, 2 classes/;
  await expectStates(page, [loaded, /Ready/, /16 × 16/, /Ready: ResNet-10/, training, /Ready/, training, training, training, training, linear]);

  await quick(page, 500);
  await start(page);
  await go(page, "Home");
  const loss = /Loss \d+\.\d{3}/;
  await expectStates(page, [loaded, /Working/, /16 × 16/, /Training, \d+ %/, /64 numbers/, /Working/, /128 numbers/, loss, training, training, linear]);
  await node(page, "NT-Xent").click();
  await page.getByRole("button", { name: "Pause" }).click({ timeout: 60_000 });
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  await go(page, "Home");
  const paused = /Paused at \d+ %/;
  await expectStates(page, [loaded, paused, paused, paused, paused, paused, paused, loss, /Ready/, /Ready/, linear]);

  await node(page, "Encoder").click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Start again" })).toBeVisible();
  await go(page, "Home");
  const after = [loaded, /Ready/, /16 × 16/, /Trained, \d+ steps?/, /Kept/, /thrown away/, /no longer needed/, loss];
  await expectStates(page, [...after, /Ready/, /Ready/, linear]);

  await evaluate(page, "Evaluate");
  await go(page, "Home");
  await expectStates(page, [...after, /\d+\.\d % right/, /Ready/, /\d+ % · \d+ % · \d+ %/]);
});

test("its two views follow the settings", async ({ page }) => {
  test.setTimeout(240_000);
  await load(page, file("stripes.zip", zip(stripeFolders(20))));
  const picture = async (name) => {
    const canvas = chart(page).getByRole("img", { name });
    // The worker may first be timing steps.
    await expect(canvas).toBeVisible({ timeout: 60_000 });
    return canvas.evaluate((canvas) => canvas.toDataURL());
  };
  const altered = async () => {
    const image = await picture("An image of the set");
    return [(await picture("View 1")) !== image, (await picture("View 2")) !== image];
  };
  await go(page, "Home");
  await expect.poll(altered, { timeout: 60_000 }).toEqual([true, true]);

  // Without any operation a view is the image.
  await go(page, "Pre-train");
  await page.getByText("Augmentation", { exact: true }).click();
  await page.getByRole("checkbox", { name: "Random crop" }).uncheck();
  for (const name of ["Flip", "Colour jitter", "Grayscale"]) await page.getByRole("slider", { name, exact: true }).fill("0");
  await go(page, "Home");
  await expect.poll(altered, { timeout: 60_000 }).toEqual([false, false]);
});

// Published weights from a hub: fetched by ranges, kept, gone on with; and a hub that behaves badly.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { startHub, useHub } from "./hub.mjs";
import { go } from "./person.mjs";

let hub;
test.beforeEach(async ({ page }) => {
  hub = await startHub();
  await useHub(page, hub);
});
test.afterEach(() => hub.close());

const main = (page) => page.getByRole("main");
const button = (page, name) => main(page).getByRole("button", { name });
/** Where a range that was asked for begins. */
const start = (request) => Number(/\d+/.exec(hub.asked[request])[0]);
const kept = (page) => main(page).getByText(/The weights of ResNet-18 are kept in this browser \(43 MB\)/);

/** Opens the settings of a run that starts from the published ResNet-18. */
async function published(page, visit = () => page.goto("pretrain/")) {
  await visit();
  await main(page).getByText("Encoder and head", { exact: true }).click();
  await main(page).getByLabel("Encoder", { exact: true }).selectOption("ResNet-18");
  await main(page).getByLabel("Start", { exact: true }).selectOption("ImageNet weights");
}

test("by ranges, behind a redirect: only the encoder's tensors, once; listed and forgotten", async ({ page, requests }) => {
  await published(page);
  await expect(main(page)).toContainText(`Asks ${hub.address.slice("http://".length)} for timm/resnet18.tv_in1k`);
  expect(hub.paths, "nothing is asked before the button is pressed").toEqual([]);
  await button(page, "Fetch from the Hub (about 43 MB)").click();
  await expect(kept(page)).toBeVisible({ timeout: 30_000 });
  expect(new Set(hub.paths)).toEqual(new Set(["/timm/resnet18.tv_in1k/resolve/bbd144b3e5565108aad885f145491d11bc6ce807/model.safetensors"]));
  // The beginning, the header, what stands before the classifier and what stands after it.
  expect(hub.asked.map((range) => /^bytes=\d+-\d+$/.test(range))).toEqual([true, true, true, true]);
  expect(requests.filter(({ method }) => !["GET", "HEAD"].includes(method))).toEqual([]);
  await expectAccessible(page);

  await published(page);
  await expect(kept(page)).toBeVisible({ timeout: 30_000 });
  await expect(main(page), "a run can start from them").not.toContainText("No weights of ResNet-18 are loaded yet");
  expect(hub.asked).toHaveLength(4);
  await go(page, "Runs");
  await expect(main(page)).toContainText(/Published weights of ResNet-18 \(43 MB\)/);
  await button(page, "Forget: weights of ResNet-18").click();
  await expect(main(page)).not.toContainText("Published weights");
});

test.describe("a connection", () => {
  test.use({ expectedErrors: [/ERR_CONTENT_LENGTH_MISMATCH|ERR_INCOMPLETE|ERR_CONNECTION/] });

  test("that breaks is gone on with; so is a fetch that was cancelled, after a reload", async ({ page }) => {
    hub.breaks = [{ cut: 3_000_000 }, { stall: 2_000_000 }];
    await published(page);
    await button(page, /^Fetch from the Hub/).click();
    // From where it broke, to stand still once it is some way on.
    await expect.poll(() => hub.asked.length).toBe(5);
    expect(start(4)).toBeGreaterThan(start(3));
    await expect(main(page)).toContainText("MB of 43 MB");
    // Other work does not wait for it.
    await go(page, "Images");
    await button(page, "Load the sample set").click();
    await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 30_000 });
    await go(page, "Pre-train");
    await main(page).getByText("Encoder and head", { exact: true }).click();
    await expect(main(page)).toContainText("MB of 43 MB");
    await button(page, "Cancel").click();
    hub.asked.length = 0;
    await published(page, () => page.reload());
    await button(page, /^Go on fetching/).click();
    await expect(kept(page)).toBeVisible({ timeout: 30_000 });
    expect(start(2)).toBeGreaterThan(2_000_000);
    await go(page, "Runs");
    await expect(main(page)).toContainText("Published weights of ResNet-18");
    await button(page, "Delete everything stored").click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect(main(page)).not.toContainText("Published weights");
  });
});

test("without ranges the whole file comes and its sum is compared; a wrong file is told", async ({ page }) => {
  hub.ranges = false;
  await published(page);
  await button(page, /^Fetch from the Hub/).click();
  const said = main(page).getByRole("alert").filter({ hasText: /./ });
  await expect(said).toContainText(/its SHA-256 begins with [0-9a-f]{8} in place of 694f673d\./, { timeout: 30_000 });
  expect(hub.asked).toHaveLength(1);
  hub.file = Buffer.from("<!doctype html><title>Sign in</title>");
  await button(page, /^Fetch from the Hub/).click();
  await expect(said).toContainText("The file holds no weights: it is neither safetensors nor PyTorch's; it looks like this: web page.");
});

// What the training runs on: chosen by itself, by the user, and not without a question where that would lose an encoder.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { chooseDevice, load, messages, quick, start, trained } from "./person.mjs";

test.setTimeout(180_000);
const stripesZip = () => file("stripes.zip", zip(stripeFolders(27)));

test("an emulated GPU is left for the CPU, which is said", async ({ page }) => {
  await page.goto("pretrain/");
  const device = page.getByRole("region", { name: "Device" });
  await expect(device.getByRole("strong")).toHaveText("CPU", { timeout: 60_000 });
  await expect(device).toContainText("is emulated by software");
  await expect(page.getByRole("contentinfo")).toContainText("Training device: CPU");
});

test("a change of the device asks before it loses an encoder, and loses none where the device stays", async ({ page }) => {
  await load(page, stripesZip());
  await quick(page, 1);
  await start(page);
  await trained(page);
  const download = page.getByRole("button", { name: "Download encoder" });

  // The same device by another choice.
  await chooseDevice(page, "CPU");
  await expect(page.getByRole("radio", { name: "CPU" })).toBeChecked();
  await expect(page.getByText("is emulated by software"), "the report is that of the new choice").toHaveCount(0);
  const saved = page.waitForEvent("download");
  await download.click();
  await saved;

  const dialog = page.getByRole("dialog", { name: "Give the encoder up?" });
  await chooseDevice(page, "WebGPU");
  await expect(dialog).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Keep the encoder" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("radio", { name: "CPU" })).toBeChecked();
  await expect(download).toBeVisible();

  await chooseDevice(page, "WebGPU");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("radio", { name: "CPU" })).toBeChecked();

  await chooseDevice(page, "WebGPU");
  await dialog.getByRole("button", { name: "Change the device" }).click();
  await expect(page.getByRole("region", { name: "Device" })).toContainText("GPU (WebGPU)", { timeout: 60_000 });
  await expect(download).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Run" })).toContainText("Not started");
  await expect(page.getByRole("img", { name: /NT-Xent loss/ })).toHaveCount(0);
  await expect(messages(page)).toHaveText("");
});

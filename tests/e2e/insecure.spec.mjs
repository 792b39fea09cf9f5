// A page over plain http from another machine: browsers offer neither WebGPU nor isolation there.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { go, load, quick, start, trained } from "./person.mjs";
import config from "./playwright.config.mjs";

const { launchOptions } = config.use;
test.use({
  // Of the header that isolates it.
  expectedErrors: [/Cross-Origin-Opener-Policy/],
  baseURL: `http://lab.test:${process.env.E2E_PORT}/x/`,
  launchOptions: { ...launchOptions, args: [...launchOptions.args, "--host-resolver-rules=MAP lab.test 127.0.0.1"] },
});

test("an insecure origin: the cause on the help page and beside the device, and training on the CPU", async ({ page }) => {
  test.setTimeout(180_000);
  await page.goto("help/");
  expect(await page.evaluate(() => window.isSecureContext)).toBe(false);
  await expect(page.getByRole("main")).toContainText("the page is not secure, so WebGPU is off");
  await load(page, file("stripes.zip", zip(stripeFolders(60))));
  await quick(page, 1);
  await expect(page.getByRole("region", { name: "Device" })).toContainText("this page was loaded over plain http");
  await expect(page.getByRole("region", { name: "Device" })).toContainText("On one thread");
  await expect(page.getByRole("contentinfo")).not.toContainText("offline");
  await expectAccessible(page);
  await start(page);
  await trained(page);
  await go(page, "Home");
  await expectAccessible(page);
});

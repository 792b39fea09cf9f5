// The lesson NT-Xent: its address, keys, memory, paper, pictures and devices. Its numbers: lesson-numbers.spec.mjs.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { EXAMPLE, answer, cells, expectNarrow, formula, loss, number, printed, row, tabTo } from "./lesson.mjs";

const STEPS = ["Views", "Similarities", "Mask", "Anchor", "Softmax", "Loss", "Temperature", "Gradient", "Your device"];
const IMPOSSIBLE = "x1i.x2i=-0.9";
const heading = (page, n) => page.getByRole("heading", { level: 2, name: `${n}. ${STEPS[n - 1]}` });

for (const place of [...[...STEPS.keys()].map((n) => `step=${n + 1}`), "step=all", `step=2&${IMPOSSIBLE}`, `step=9&${IMPOSSIBLE}`, `step=all&${IMPOSSIBLE}`]) {
  test(`${place} is accessible, fits a phone, light and dark, and needs no worker`, async ({ page, requests }) => {
    await page.goto(`lesson/nt-xent/?${place}`);
    await expect(heading(page, Number(/step=(\d)/.exec(place)?.[1] ?? 1))).toBeVisible();
    await expectAccessible(page);
    await page.setViewportSize({ width: 360, height: 740 });
    await expectNarrow(page);
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await expectAccessible(page);
    for (const { url } of requests) expect(url).not.toContain("worker");
  });
}

test("every question tells its wrong answers from its right one", async ({ page }) => {
  for (const n of STEPS.keys()) {
    await page.goto(`lesson/nt-xent/?step=${n + 1}`);
    await answer(page);
    await expect(page.getByRole("button", { name: new RegExp(`^${n + 1} .*answered`) })).toBeVisible();
  }
});

test("each slip of the tutorial stands in a fold", async ({ page }) => {
  const words = [
    ["nt-xent", 7, /τ is printed outside exp\(\).*1\.004686/],
    ["nt-xent", 6, /the slip is the sign.*natural logarithm.*1\.030245/],
    ["nt-xent", 4, /negatives of x1j and x2i are swapped.*1\.004666.*0\.408584/],
    ["nt-xent", 5, /03328 for 0\.3328.*leave the positive out/],
    ["nt-xent", 3, /Positive is label 0.*the place of the positive/],
    ["nt-xent", 3, /knows no classes: two images of one class are negatives/],
    ["nt-xent", 8, /z to linear evaluation.*h that is kept/],
    ["nt-xent", 2, /“A linear layer”.*linear, ReLU, linear/],
    ["lars", 2, /leaves out η/],
    ["lars", 5, /adds a norm to a vector, calls γ local.*w ← w − v/],
    ["nt-xent", 6, /writes ℓ\(i, j\) = ℓ\(j, i\).*1\.030245 for x1i and 1\.023505 for x1j.*takes \.63 for a positive/],
    ["nt-xent", 1, /ImageNet with labels.*random weights/],
  ];
  for (const [lesson, step, slip] of words) {
    await page.goto(`lesson/${lesson}/?step=${step}`);
    const fold = page.getByRole("article").getByRole("group").filter({ hasText: "What the tutorial prints" });
    const text = fold.getByRole("paragraph");
    await expect(text).toBeHidden();
    await fold.getByText("What the tutorial prints").click();
    await expect(text).toBeVisible();
    expect((await text.innerText()).replaceAll(/\s+/g, " ")).toMatch(slip);
  }
});

test("views: drawn again and linked to, the same draw gives the same pixels, and two views differ", async ({ page }) => {
  const pixels = () => page.locator("article canvas").evaluateAll((all) => all.map((canvas) => canvas.toDataURL()));
  await page.goto("lesson/nt-xent/?step=1");
  await expect(page.getByRole("img")).toHaveCount(6);
  const first = await pixels();
  expect(new Set(first).size, "six different pictures").toBe(6);
  await page.getByRole("button", { name: "Draw again" }).click();
  await expect(page).toHaveURL(/draw=2/);
  const second = await pixels();
  // The images stay; all four views change.
  for (const n of [0, 3]) expect(second[n]).toBe(first[n]);
  for (const n of [1, 2, 4, 5]) expect(second[n]).not.toBe(first[n]);
  await page.reload();
  await expect(page.getByRole("img")).toHaveCount(6);
  expect(await pixels()).toEqual(second);
  await page.goto("lesson/nt-xent/?step=1&draw=1");
  await expect(page.getByRole("img")).toHaveCount(6);
  expect(await pixels()).toEqual(first);
});

test("an entry moves its mirror, the vectors and the loss; impossible matrices are named; reset brings the example back", async ({ page }) => {
  await page.goto("lesson/nt-xent/?step=2");
  const entry = (name) => page.getByRole("spinbutton", { name: `Similarity of ${name}` });
  await expect(page.getByText("Four unit vectors have these similarities.", { exact: true })).toBeVisible();
  await entry("x1i and x2i").fill("-0.9");
  await entry("x1i and x2i").press("Enter");
  await expect(entry("x2i and x1i")).toHaveValue("-0.9");
  // Without vectors there is no product to write out.
  await expect(page.getByText(/^No four unit vectors.* 154\.2° apart.* 87\.6° at most/)).toBeVisible();
  await expect(page.getByRole("group", { name: "Formula" })).toHaveCount(1);
  await expect(page.getByText(/L = 1\.004686/)).toHaveCount(0);
  await expect(page).toHaveURL(/x1i\.x2i=-0\.9/);
  await entry("x1i and x2i").fill("1.5");
  await entry("x1i and x2i").press("Enter");
  await expect(page.getByText(/^A cosine is a number from/)).toBeVisible();
  await expect(entry("x1i and x2i")).toHaveValue("-0.9");
  await page.getByRole("button", { name: "Back to the example" }).click();
  await expect(page.getByText(/L = 1\.004686/)).toBeVisible();
  await expect(page.getByText(/^A cosine is a number from/)).toHaveCount(0);
});

test("keys, address and memory follow the steps, and the focus is where reading goes on", async ({ page }) => {
  await page.goto("lesson/nt-xent/?step=3");
  await expect(heading(page, 3)).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(heading(page, 4)).toBeFocused();
  await expect(page).toHaveURL(/step=4/);
  await page.getByRole("button", { name: "Next" }).click();
  await expect(heading(page, 5)).toBeFocused();
  await page.getByRole("button", { name: "Previous" }).click();
  await expect(heading(page, 4)).toBeFocused();
  // Arrows on the slider move the slider.
  await page.getByRole("slider", { name: "Temperature τ" }).press("ArrowLeft");
  await expect(page).toHaveURL(/step=4&tau=0\.89/);
  await page.getByRole("button", { name: "Doubles it" }).click();
  await expect(page.getByText(/^Right\./)).toBeVisible();
  await page.goto("lesson/nt-xent/");
  await expect(heading(page, 4)).toBeVisible();
  await expect(page.getByRole("button", { name: /4 Anchor.*answered/ })).toBeVisible();
});

test("by keyboard alone: from the first step to the last, through every kind of control", async ({ page }) => {
  await page.goto("lesson/nt-xent/");
  const press = async (name, key = "Enter", role = "button") => {
    await tabTo(page, page.getByRole(role, { name, exact: true }).first());
    await page.keyboard.press(key);
  };
  const next = async (n) => {
    await press("Next");
    await expect(heading(page, n)).toBeFocused();
  };
  await press("Draw again");
  await expect(page).toHaveURL(/draw=2/);
  await press("2", "Space");
  await expect(page.getByText(/^Right\./)).toBeVisible();
  await next(2);
  await tabTo(page, page.getByRole("spinbutton", { name: "Similarity of x1i and x2i" }));
  await page.keyboard.type("0.5");
  await page.keyboard.press("Tab");
  await expect(page).toHaveURL(/x1i\.x2i=0\.5/);
  await press("Back to the example");
  await next(3);
  await next(4);
  await tabTo(page, page.getByRole("radio", { name: "x1i" }));
  await page.keyboard.press("ArrowRight");
  await expect(page).toHaveURL(/anchor=x2i/);
  await next(5);
  await next(6);
  const fold = page.getByText("What the tutorial prints");
  await tabTo(page, fold);
  await page.keyboard.press("Enter");
  await expect(page.getByText(/the slip is the sign/)).toBeVisible();
  await next(7);
  await press("τ = 0.1");
  await expect(page).toHaveURL(/tau=0\.1/);
  await next(8);
  await tabTo(page, page.getByRole("slider", { name: "View 1i, class A" }));
  await page.keyboard.press("ArrowUp");
  await expect(page).toHaveURL(/circle=25_/);
  await press("One step");
  await expect(page.getByText("after 1 step")).toBeVisible();
  await next(9);
  await tabTo(page, page.getByRole("button", { name: "Compute on this device" }));
  await expect(page.getByRole("button", { name: "Next" })).toBeDisabled();
});

test("all steps are printed, by the button and by the browser, and a bad link says what is wrong with it", async ({ page }) => {
  await page.goto("lesson/nt-xent/?step=2&tau=9");
  await expect(page.getByRole("alert").filter({ hasText: "tau is 9; accepted: 0.01 to 5" })).toBeVisible();
  expect(await printed(page)).toBe(STEPS.length);
  await expect(page.getByRole("article")).toHaveCount(1);
  const pages = ((await page.pdf({ format: "A4" })).toString("latin1").match(/\/Type\s*\/Page\b/g) ?? []).length;
  expect(pages, "sheets").toBeGreaterThan(5);
  await expect(page.getByRole("article")).toHaveCount(1);
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await expect(page.getByRole("article")).toHaveCount(STEPS.length);
  // Steps 4 to 7 choose an anchor, each with buttons of its own.
  await expect(page.getByRole("radio", { name: "x1i", checked: true })).toHaveCount(4);
  await expect(page.locator("article details:not([open])")).toHaveCount(0);
  // Nothing to scroll on paper, and nothing wider than a sheet.
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 794, height: 1123 });
  expect(await page.locator(".scroll-x").evaluateAll((all) => all.filter((one) => getComputedStyle(one).overflowX !== "visible").length)).toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(794);
  await page.emulateMedia({ media: "screen" });
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await expect(page.getByRole("article")).toHaveCount(1);
});

test("temperature can be played and stopped, and goes to its end at once without motion", async ({ page }) => {
  await page.goto("lesson/nt-xent/?step=7&tau=0.1");
  await page.getByRole("button", { name: "Play τ" }).click();
  await page.waitForFunction(() => Number(document.querySelector("article output").textContent) > 0.2);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByRole("button", { name: "Play τ" })).toBeVisible();
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.getByRole("button", { name: "Play τ" }).click();
  await expect(page).toHaveURL(/tau=5/);
});

test.describe("your device", () => {
  const ask = (page) => page.getByRole("button", { name: "Compute on this device" }).click();
  const answered = (page) => page.getByRole("table", { name: "By the lesson and by the training code" });

  for (const [name, change] of [
    ["as the browser is", ""],
    ["navigator.gpu removed", 'Object.defineProperty(WorkerNavigator.prototype, "gpu", { value: undefined });'],
  ]) {
    test(`${name}: the training code computes every ℓ that the lesson computes, and says on what`, async ({ page }) => {
      await page.route(/worker\.js/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${change}\n${await response.text()}` });
      });
      await page.goto(`lesson/nt-xent/?step=9&tau=0.5`);
      await ask(page);
      await expect(answered(page)).toBeVisible({ timeout: 60_000 });
      const { "∂L/∂z, farthest entry": gradient, Batch, ...anchors } = await cells(answered(page));
      for (const [i, view] of ["x1i", "x2i", "x1j", "x2j"].entries()) {
        const [lesson, training, difference] = anchors[view].map(number);
        expect(Math.abs(lesson - row(EXAMPLE, i, 0.5).loss)).toBeLessThan(1e-8);
        expect(Math.abs(training - lesson)).toBeLessThan(1e-6);
        expect(Math.abs(Math.abs(training - lesson) - difference)).toBeLessThan(2e-8);
      }
      expect(Math.abs(number(Batch[0]) - loss(EXAMPLE, 0.5))).toBeLessThan(1e-8);
      expect(number(Batch[2])).toBeLessThan(1e-6);
      expect(number(gradient[2])).toBeLessThan(1e-6);
      // The same three numbers once more, as a formula.
      const written = (await formula(page, 1))[0];
      expect(written.slice(0, 2)).toEqual(Batch.slice(0, 2).map(number));
      await expect(page.getByText(/^Computed on CPU/)).toBeVisible();
      await expect(page.getByText(change ? "This browser has no WebGPU." : /emulated by software|found no graphics adapter|This browser has no WebGPU/)).toBeVisible();
      await expectAccessible(page);
      // Numbers of another batch do not stay.
      await page.getByRole("button", { name: "τ = 1", exact: true }).click();
      await expect(answered(page)).toHaveCount(0);
    });
  }

  test("a matrix that no vectors have cannot be sent, and the example can be had back", async ({ page }) => {
    await page.goto(`lesson/nt-xent/?step=9&${IMPOSSIBLE}`);
    await expect(page.getByRole("button", { name: "Compute on this device" })).toBeDisabled();
    await expect(page.getByText(/^No vectors have these similarities/)).toBeVisible();
    await page.getByRole("button", { name: "Back to the example" }).click();
    await expect(page.getByRole("button", { name: "Compute on this device" })).toBeEnabled();
    await expect(page.getByText(/^No vectors have these similarities/)).toHaveCount(0);
  });

  test.describe("without the training program", () => {
    test.use({ expectedErrors: [/worker_bg\.wasm|Failed to load resource|net::ERR/] });
    test("the lesson says so, and can ask again", async ({ page }) => {
      await page.route(/worker_bg\.wasm/, (route) => route.abort());
      await page.goto("lesson/nt-xent/?step=9");
      await ask(page);
      await expect(page.getByText(/^The training program stopped before it answered/)).toBeVisible();
      await expect(page.getByRole("button", { name: "Compute on this device" })).toBeEnabled();
      await page.unroute(/worker_bg\.wasm/);
      await ask(page);
      await expect(answered(page)).toBeVisible({ timeout: 60_000 });
      await expect(page.getByText(/^The training program stopped/)).toHaveCount(0);
    });
  });
});

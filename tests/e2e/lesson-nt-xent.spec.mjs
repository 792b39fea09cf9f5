// The lesson NT-Xent: its numbers for every anchor and temperature, its address, keys and memory, without the worker.
import { test, expect, expectAccessible } from "./fixtures.mjs";

const STEPS = ["Views", "Similarities", "Mask", "Anchor", "Softmax", "Loss", "Temperature", "Gradient", "Your device"];

// Probability and loss of each anchor, and the batch's loss and the one of the tutorial's swapped rows where it is known.
const TABLE = {
  1: { x1i: [0.35692, 1.030245], x2i: [0.376754, 0.976162], x1j: [0.359333, 1.023505], x2j: [0.372011, 0.988831], batch: 1.004686, swapped: 1.004666 },
  0.5: { x1i: [0.380932, 0.965135], x2i: [0.422152, 0.862391], x1j: [0.386133, 0.951574], x2j: [0.412184, 0.886287], batch: 0.916347 },
  0.1: { x1i: [0.573663, 0.555712], x2i: [0.766201, 0.26631], x1j: [0.609603, 0.494947], x2j: [0.723624, 0.323483], batch: 0.410113, swapped: 0.408584 },
};

for (const [tau, { batch, swapped, ...anchors }] of Object.entries(TABLE)) {
  test(`every anchor at τ = ${tau}`, async ({ page }) => {
    await page.goto(`lesson/nt-xent/?step=6&tau=${tau}`);
    const losses = page.getByRole("table", { name: /Loss of every anchor/ });
    for (const [anchor, [probability, loss]] of Object.entries(anchors)) {
      const row = losses.getByRole("row", { name: new RegExp(`^${anchor}`) });
      await expect(row).toContainText(probability.toFixed(6));
      await expect(row).toContainText(loss.toFixed(6));
    }
    await expect(losses.getByRole("row", { name: /^Batch/ })).toContainText(batch.toFixed(6));

    await page.getByRole("button", { name: "5 Softmax" }).click();
    for (const [anchor, [probability]] of Object.entries(anchors)) {
      await page.getByRole("radio", { name: anchor }).check({ force: true });
      await expect(page.getByRole("table", { name: /Candidates/ }).getByRole("row").nth(1)).toContainText(probability.toFixed(4));
    }

    await page.getByRole("button", { name: "4 Anchor" }).click();
    const both = page.getByRole("table", { name: /swapped/ }).getByRole("row", { name: /^Batch/ });
    await expect(both).toContainText(batch.toFixed(6));
    if (swapped) await expect(both).toContainText(swapped.toFixed(6));
  });
}

test("every step is accessible and needs no worker", async ({ page, requests }) => {
  for (const [n, title] of STEPS.entries()) {
    await page.goto(`lesson/nt-xent/?step=${n + 1}`);
    await expect(page.getByRole("heading", { level: 2, name: `${n + 1}. ${title}` })).toBeVisible();
    await expectAccessible(page);
  }
  for (const { url } of requests) expect(url).not.toContain("worker");
});

test("an entry moves its mirror and the loss, impossible matrices are named, and reset brings the example back", async ({ page }) => {
  await page.goto("lesson/nt-xent/?step=2");
  const entry = (name) => page.getByRole("spinbutton", { name: `Similarity of ${name}` });
  await expect(page.getByText("Four unit vectors have these similarities.", { exact: true })).toBeVisible();
  await entry("x1i and x2i").fill("-0.9");
  await entry("x1i and x2i").press("Enter");
  await expect(entry("x2i and x1i")).toHaveValue("-0.9");
  await expect(page.getByText(/^No four unit vectors/)).toBeVisible();
  await expect(page.getByText(/L = 1\.004686/)).toHaveCount(0);
  await expect(page).toHaveURL(/x1i\.x2i=-0\.9/);
  await entry("x1i and x2i").fill("1.5");
  await entry("x1i and x2i").press("Enter");
  await expect(page.getByText(/^A cosine is a number from/)).toBeVisible();
  await expect(entry("x1i and x2i")).toHaveValue("-0.9");
  await page.getByRole("button", { name: "Back to the example" }).click();
  await expect(page.getByText(/L = 1\.004686/)).toBeVisible();
});

test("keys, address and memory follow the steps; a wrong answer is told from the right one", async ({ page }) => {
  await page.goto("lesson/nt-xent/?step=3");
  await expect(page.getByRole("heading", { level: 2, name: "3. Mask" })).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("heading", { level: 2, name: "4. Anchor" })).toBeVisible();
  await expect(page).toHaveURL(/step=4/);
  // Arrows on the slider move the slider.
  await page.getByRole("slider", { name: "Temperature τ" }).press("ArrowLeft");
  await expect(page).toHaveURL(/step=4&tau=0\.89/);
  await page.getByRole("button", { name: "Nothing" }).click();
  await expect(page.getByText(/^Not quite/)).toBeVisible();
  await page.getByRole("button", { name: "Doubles it" }).click();
  await expect(page.getByText(/^Right\./)).toBeVisible();
  await page.goto("lesson/nt-xent/");
  await expect(page.getByRole("heading", { level: 2, name: "4. Anchor" })).toBeVisible();
  await expect(page.getByRole("button", { name: /4 Anchor.*answered/ })).toBeVisible();
});

test("all steps can be printed, and a bad link says what is wrong with it", async ({ page }) => {
  await page.goto("lesson/nt-xent/?step=2&tau=9");
  await expect(page.getByRole("alert").filter({ hasText: "tau is 9; accepted: 0.01 to 5" })).toBeVisible();
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await expect(page.getByRole("article")).toHaveCount(STEPS.length);
  // Steps 4 to 7 choose an anchor, each with buttons of its own.
  await expect(page.getByRole("radio", { name: "x1i", checked: true })).toHaveCount(4);
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await expect(page.getByRole("article")).toHaveCount(1);
});

test("your device: the training code on the CPU backend computes what the lesson computes", async ({ page }) => {
  test.setTimeout(120_000);
  await page.goto(`lesson/nt-xent/?step=${STEPS.length}&tau=0.5`);
  await page.getByRole("button", { name: "Compute on this device" }).click();
  const rows = page.getByRole("table", { name: "The batch now" }).getByRole("row");
  // The first row heads the table, the others have one cell.
  const value = async (name) => (await rows.filter({ hasText: name }).locator("th, td").last().innerText()).trim();
  await expect(rows.filter({ hasText: "Difference" })).toBeVisible({ timeout: 60_000 });
  expect(await value("Device")).toMatch(/CPU/);
  for (const name of ["Lesson, 64 bits", "Training code, 32 bits"]) {
    expect(Math.abs(Number(await value(name)) - TABLE[0.5].batch)).toBeLessThan(1e-6);
  }
  expect(Number(await value("Difference"))).toBeLessThan(1e-6);
  await expectAccessible(page);
  // A matrix that no vectors have cannot be sent.
  await page.goto(`lesson/nt-xent/?step=${STEPS.length}&x1i.x2i=-0.9`);
  await expect(page.getByRole("button", { name: "Compute on this device" })).toBeDisabled();
  await expect(page.getByText(/^No vectors have these similarities/)).toBeVisible();
});

test("gradient: drag and turn points, descend, add a false negative, and link to it", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto("lesson/nt-xent/?step=8&tau=0.5&circle=20_75_120_200");
  const measures = page.getByRole("table", { name: "The batch now" });
  const value = async (name) => {
    const cell = measures.getByRole("row", { name: new RegExp(`^${name}`) }).getByRole("cell").last();
    return Number((await cell.innerText()).replace("−", "-"));
  };
  // The loss of these four angles, computed here from its definition.
  const angles = [20, 75, 120, 200].map((d) => (d * Math.PI) / 180);
  const ofAngles = () => {
    const losses = angles.map((a, i) => {
      const e = angles.map((b, k) => (k === i ? 0 : Math.exp(Math.cos(a - b) / 0.5)));
      return -Math.log(e[(i + 2) % 4] / e.reduce((x, y) => x + y));
    });
    return losses.reduce((x, y) => x + y) / 4;
  };
  expect(Math.abs((await value("loss")) - ofAngles())).toBeLessThan(1e-4);

  // A key turns a point by 5°, and the lesson stays at its step.
  const point = (name) => page.getByRole("slider", { name: `View ${name}` });
  await point("1i").focus();
  await point("1i").press("ArrowRight");
  await expect(point("1i")).toHaveAttribute("aria-valuenow", "15");
  await expect(page).toHaveURL(/step=8.*circle=15_75_120_200/);
  angles[0] = (15 * Math.PI) / 180;
  expect(Math.abs((await value("loss")) - ofAngles())).toBeLessThan(1e-4);

  // A finger takes another to the right end of the circle.
  const ring = await page.getByRole("group", { name: /^Views as points/ }).boundingBox();
  const at = await point("2i").boundingBox();
  await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
  await page.mouse.down();
  await page.mouse.move(ring.x + ring.width, ring.y + ring.height / 2, { steps: 4 });
  await page.mouse.up();
  await expect(point("2i")).toHaveAttribute("aria-valuenow", /^(0|360)$/);

  // To the end at once: pairs agree, images are opposite, the loss is the floor of two images on a circle.
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect.poll(() => value("alignment")).toBeLessThan(1e-3);
  expect(await value("mean cosine of positives")).toBeGreaterThan(0.999);
  expect(await value("of negatives (?!of)")).toBeLessThan(-0.99);

  // Two of one class are pushed apart as well.
  await page.getByRole("button", { name: "Add one of class A" }).click();
  await expect(page.getByRole("slider", { name: /^View/ })).toHaveCount(6);
  await expect(page).toHaveURL(/classes=ABA/);
  const near = await value("of negatives of one class");
  expect(near).toBeGreaterThan(0.9);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect.poll(() => value("of negatives of one class")).toBeLessThan(near - 0.5);
  await expectAccessible(page);
  await page.reload();
  await expect(page.getByRole("slider", { name: /^View/ })).toHaveCount(6);

  await page.getByRole("radio", { name: "The worked example" }).check({ force: true });
  await page.getByRole("button", { name: "τ = 1", exact: true }).click();
  expect(Math.abs((await value("loss")) - 1.0047)).toBeLessThan(1e-4);
});

test("gradient descent runs step by step and can be stopped", async ({ page }) => {
  await page.goto("lesson/nt-xent/?step=8&tau=0.1");
  const steps = async () => Number(/after (\d+) step/.exec(await page.getByRole("table", { name: "The batch now" }).innerText())[1]);
  await page.getByRole("button", { name: "One step" }).click();
  expect(await steps()).toBe(1);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect.poll(steps).toBeGreaterThan(5);
  await page.getByRole("button", { name: "Stop" }).click();
  const stopped = await steps();
  await page.waitForTimeout(300);
  expect(await steps()).toBe(stopped);
  // The points' way is in the address.
  await expect(page).not.toHaveURL(/circle=20_75_120_200/);
  await expect(page).toHaveURL(/circle=/);
  await page.getByRole("button", { name: "Start again" }).click();
  expect(await steps()).toBe(0);
  await expect(page).not.toHaveURL(/circle=/);
});

// Every number of the lesson NT-Xent, step by step, for every anchor and τ in {1, 0.5, 0.1}: against the worked example's known values
// and against the definition, computed here. Every written line gives its result from the digits that it shows.
import { test, expect } from "./fixtures.mjs";
import { EXAMPLE, VIEWS, cells, expectShown, formula, loss, mean, number, row, tabTo } from "./lesson.mjs";

// Probability and loss of each anchor; L right, with swapped rows, and read literally.
const KNOWN = {
  1: { x1i: [0.35692, 1.030245], x2i: [0.376754, 0.976162], x1j: [0.359333, 1.023505], x2j: [0.372011, 0.988831], L: 1.004686, swapped: 1.004666, literal: 1.174686 },
  0.5: { x1i: [0.380932, 0.965135], x2i: [0.422152, 0.862391], x1j: [0.386133, 0.951574], x2j: [0.412184, 0.886287], L: 0.916347, literal: 1.256347 },
  0.1: { x1i: [0.573663, 0.555712], x2i: [0.766201, 0.26631], x1j: [0.609603, 0.494947], x2j: [0.723624, 0.323483], L: 0.410113, swapped: 0.408584, literal: 2.110113 },
};
const TAU_OUTSIDE = 1.004686;
const CHANCE = 1.098612;
/** N = 2: ln(1 + 2 exp(−2/τ)). */
const floor = (tau) => Math.log1p(2 * Math.exp(-2 / tau));
/** Of a number with six decimals. */
const near = (shown, known) => expect(Math.abs(number(shown) - known), `${shown} for ${known}`).toBeLessThan(1.1e-6);

const open = (page, step, query = "") => page.goto(`lesson/nt-xent/?step=${step}${query}`);
const candidates = (page) => page.getByRole("table", { name: /^Candidates/ });

test("1: counts of views, negatives and pairs", async ({ page }) => {
  await open(page, 1);
  const [views, negatives, pairs] = await formula(page, 1);
  expect([views.at(-1), negatives.at(-1)]).toEqual([4, 2]);
  expect(pairs.slice(-3)).toEqual([6, 2, 4]);
});

test("2: the twelve entries, the product of two vectors, and L for an edit", async ({ page }) => {
  await open(page, 2);
  const entry = (i, k) => page.getByRole("spinbutton", { name: `Similarity of ${VIEWS[i]} and ${VIEWS[k]}`, exact: true });
  await expect(page.getByRole("spinbutton")).toHaveCount(12);
  for (const [i, k] of VIEWS.flatMap((_, i) => VIEWS.map((_, k) => [i, k])).filter(([i, k]) => i !== k)) {
    await expect(entry(i, k)).toHaveValue(String(EXAMPLE[i][k]));
    // Vectors of length 1 whose product is the entry.
    await entry(i, k).focus();
    await expect(page.getByRole("group", { name: "Formula" }).nth(1)).toContainText(VIEWS[Math.max(i, k)]);
    const [a, b, product] = await page.getByRole("group", { name: "Formula" }).nth(1).evaluate((element) =>
      [...element.querySelectorAll("mtr")].map((line) => [...line.querySelectorAll("mtd:last-child")].map((cell) => cell.textContent.replaceAll("−", "-"))[0]),
    );
    const [u, v] = [a, b].map((text) => text.match(/\(([^)]+)\)/)[1].split(",").map(Number));
    for (const z of [u, v]) expect(Math.abs(Math.hypot(...z) - 1)).toBeLessThan(2e-6);
    expect(Math.abs(u.reduce((sum, x, d) => sum + x * v[d], 0) - EXAMPLE[i][k])).toBeLessThan(3e-6);
    expect(Number(product.split("=").at(-1))).toBe(EXAMPLE[i][k]);
  }
  for (const [tau, { L }] of Object.entries(KNOWN)) {
    await open(page, 2, `&tau=${tau}`);
    near(/L = (\S+)/.exec(await page.getByText(/^The batch now: L =/).innerText())[1], L);
    const edited = EXAMPLE.map((line) => [...line]);
    edited[0][1] = edited[1][0] = 0.2;
    await entry(1, 0).fill("0.2");
    await entry(1, 0).press("Enter");
    await expect(page.getByText(`L = ${loss(edited, Number(tau)).toFixed(6)} at τ = ${tau}`)).toBeVisible();
  }
});

test("3: the diagonal is out, each row has its positive, and i ± N says where", async ({ page }) => {
  await open(page, 3);
  const mask = await cells(page.getByRole("table", { name: /^What each entry is/ }));
  for (const [i, view] of VIEWS.entries()) {
    const { places } = row(EXAMPLE, i, 1);
    for (const k of VIEWS.keys()) {
      if (k === i) expect(mask[view][k]).toMatch(/^–\s*out$/);
      else expect(mask[view][k]).toMatch(new RegExp(`^${EXAMPLE[i][k]}\\s*${k === places[0] ? "positive" : "negative"}$`));
    }
    const numbers = (await formula(page, 1))[i];
    expect(numbers).toEqual([i + 1, i + 1, 2, places[0] + 1, ...places.slice(1).map((k) => k + 1)]);
  }
});

for (const [tau, { L, swapped, literal, ...anchors }] of Object.entries(KNOWN)) {
  const t = Number(tau);

  test(`4, logits and the swapped table, at τ = ${tau}`, async ({ page }) => {
    for (const [i, view] of VIEWS.entries()) {
      await open(page, 4, `&tau=${tau}&anchor=${view}`);
      const { places, cosines } = row(EXAMPLE, i, t);
      const shown = await cells(candidates(page));
      for (const [n, k] of places.entries()) {
        const [role, cosine, division] = shown[VIEWS[k]];
        expect([role, Number(cosine)]).toEqual([n === 0 ? "positive" : "negative", cosines[n]]);
        expect(division).toBe(`${cosines[n]} / ${tau} = ${(cosines[n] / t).toFixed(4)}`);
      }
    }
    const both = await cells(page.getByRole("table", { name: /swapped/ }));
    const exchanged = [row(EXAMPLE, 0, t), row(EXAMPLE, 2, t), row(EXAMPLE, 1, t), row(EXAMPLE, 3, t)];
    for (const [i, view] of VIEWS.entries()) {
      const [own, printed] = [row(EXAMPLE, i, t), exchanged[i]];
      const [negatives, right, others, wrong] = both[view];
      expect(negatives).toBe(own.cosines.slice(1).join(", "));
      expect(others).toBe(printed.cosines.slice(1).join(", ") + (i % 3 === 0 ? "" : " ≠"));
      near(right, anchors[view][1]);
      near(wrong, Math.log1p((printed.exps[1] + printed.exps[2]) / own.exps[0]));
    }
    near(both.Batch[1], L);
    if (swapped) near(both.Batch[3], swapped);
  });

  test(`5, exps, sum and p, at τ = ${tau}`, async ({ page }) => {
    for (const [i, view] of VIEWS.entries()) {
      await open(page, 5, `&tau=${tau}&anchor=${view}`);
      const { places, cosines, exps, sum, p } = row(EXAMPLE, i, t);
      const shown = await cells(candidates(page));
      for (const [n, k] of places.entries()) {
        expect(Number(shown[VIEWS[k]][1])).toBeCloseTo(exps[n], 5);
        expect(Number(shown[VIEWS[k]][2])).toBeCloseTo(exps[n] / sum, 4);
      }
      const [powers, written, result] = await formula(page, 1);
      expect(powers).toEqual([cosines[0], t, ...cosines.flatMap((cosine) => [cosine, t])]);
      const [above, ...below] = written;
      expect(above).toBe(below[0]);
      expect(below.map((exp) => exp.toFixed(6))).toEqual(exps.map((exp) => exp.toFixed(6)));
      expect(result[0]).toBe(above);
      expectShown(result[1].toFixed(5), below.reduce((a, b) => a + b));
      expectShown(result[2].toFixed(4), result[0] / result[1]);
      expect(Math.abs(result[2] - anchors[view][0])).toBeLessThan(6e-5);
      expect(Math.abs(result[1] - sum)).toBeLessThan(1e-5);
      expect(Math.abs(p - anchors[view][0])).toBeLessThan(1e-6);
    }
  });

  test(`6, both formulas, every anchor, and the sum read literally, at τ = ${tau}`, async ({ page }) => {
    for (const view of VIEWS) {
      await open(page, 6, `&tau=${tau}&anchor=${view}`);
      const [p, l] = (await formula(page, 1))[0];
      near(String(p), anchors[view][0]);
      near(String(l), anchors[view][1]);
      expectShown(l.toFixed(6), -Math.log(p));
    }
    const line = (await formula(page, 2))[0];
    expect(line[4]).toBe(4);
    near(String(line[5]), L);
    expectShown(line[5].toFixed(6), mean(line.slice(0, 4)));
    const losses = await cells(page.getByRole("table", { name: /Loss of every anchor/ }));
    for (const [i, view] of VIEWS.entries()) {
      near(losses[view][0], anchors[view][0]);
      near(losses[view][1], anchors[view][1]);
      near(losses[view][2], row(EXAMPLE, i, t, (i) => i ^ 1).loss);
    }
    near(losses.Batch[1], L);
    near(losses.Batch[2], literal);
  });

  test(`7, both fractions, the push, chance, floor and τ outside exp, at τ = ${tau}`, async ({ page }) => {
    for (const [i, view] of VIEWS.entries()) {
      await open(page, 7, `&tau=${tau}&anchor=${view}`);
      const { places, cosines, exps, sum } = row(EXAMPLE, i, t);
      const shown = await cells(candidates(page));
      for (const [n, k] of places.entries()) {
        expect(Number(shown[VIEWS[k]][2])).toBeCloseTo(exps[n] / sum, 4);
        if (n > 0) expect(Number(shown[VIEWS[k]][3])).toBeCloseTo(exps[n] / (exps[1] + exps[2]), 4);
      }
      const [inside, outside] = await formula(page, 1);
      expect(inside.slice(0, -1)).toEqual([cosines[0], t, ...cosines.flatMap((cosine) => [cosine, t])]);
      expect(outside.slice(0, -1)).toEqual([cosines[0], t, ...cosines.flatMap((cosine) => [cosine, t])]);
      near(String(inside.at(-1)), anchors[view][0]);
      near(String(outside.at(-1)), KNOWN[1][view][0]);
    }
    const lines = await cells(page.getByRole("table", { name: /^L now/ }));
    near(lines.chance[0], CHANCE);
    near(lines["this batch"][0], L);
    near(lines.floor[0], floor(t));
    near(lines["with τ outside exp, as printed"][0], TAU_OUTSIDE);
    const [chance, least] = await formula(page, 2);
    near(String(chance.at(-1)), CHANCE);
    expect(chance.slice(0, -1)).toEqual([2, 2, 1]);
    expect(least.slice(0, 8)).toEqual([1, 2, 2, 2, 2, 2, 1, t]);
  });
}

test("7: from end to end of the slider nothing overflows, and τ outside exp changes nothing", async ({ page }) => {
  await open(page, 7);
  const slider = page.getByRole("slider", { name: "Temperature τ" });
  for (const [key, tau] of [["Home", 0.01], ["End", 5]]) {
    await slider.press(key);
    await expect(page).toHaveURL(new RegExp(`tau=${tau}`));
    const lines = await cells(page.getByRole("table", { name: /^L now/ }));
    // At 0.01 the loss is of rows whose largest candidate takes all.
    expect(Math.abs(number(lines["this batch"][0]) - loss(EXAMPLE, tau))).toBeLessThan(1e-6);
    near(lines["with τ outside exp, as printed"][0], TAU_OUTSIDE);
    near(lines.chance[0], CHANCE);
    expect(Math.abs(Number(lines.floor[0].replace(/−/g, "-")) / floor(tau) - 1)).toBeLessThan(1e-4);
    await expect(page.getByRole("main")).not.toContainText(/NaN|inf/i);
  }
});

test("6: near certainty the line still gives its result", async ({ page }) => {
  await open(page, 6, "&tau=0.01&anchor=x2i");
  const numbers = (await formula(page, 1))[0];
  // 1 / (1 + odds) = …: both in powers of ten, whose exponents are numbers of their own.
  const { exps } = row(EXAMPLE, 1, 0.01);
  const odds = (exps[1] + exps[2]) / exps[0];
  expect(numbers.slice(0, 2)).toEqual([1, 1]);
  expect(numbers[2]).toBeCloseTo(odds / 10 ** Math.floor(Math.log10(odds)), 5);
});

/** The named line of the table of measures: its last cell. */
const measure = async (page, name) => number((await cells(page.getByRole("table", { name: "The batch now" })))[name].at(-1));

test("8: the example's loss, alignment and uniformity", async ({ page }) => {
  await open(page, 8);
  await page.getByRole("radio", { name: "The worked example" }).check({ force: true });
  for (const [tau, { L }] of Object.entries(KNOWN)) {
    await page.getByRole("button", { name: `τ = ${tau}`, exact: true }).click();
    expect(await measure(page, "loss L")).toBeCloseTo(L, 4);
  }
  expect(await measure(page, "alignment (0: views agree)")).toBeCloseTo(0.39, 4);
  expect(await measure(page, "uniformity (lower: more even)")).toBeCloseTo(-1.1195, 4);
  const [positive, negative] = await formula(page, 1);
  const { p, exps, sum } = row(EXAMPLE, 0, 0.1);
  expect(positive.at(-1)).toBeCloseTo((1 - p) / 0.1, 4);
  expect(negative.at(-1)).toBeCloseTo(exps[1] / sum / 0.1, 4);
});

/** Alignment and uniformity of angles in degrees, views i first. */
function spread(angles) {
  const points = angles.map((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)]);
  const far = (a, b) => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2;
  const n = points.length / 2;
  const pairs = points.flatMap((a, i) => points.slice(i + 1).map((b) => Math.exp(-2 * far(a, b))));
  return { alignment: mean(points.slice(0, n).map((a, i) => far(a, points[i + n]))), uniformity: Math.log(mean(pairs)) };
}
const cosinesOf = (angles) => angles.map((a) => angles.map((b) => Math.cos(((a - b) * Math.PI) / 180)));

test("8: points dragged, turned by every key, descended, added up to 8, removed and linked to", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const angles = [20, 75, 120, 200];
  await open(page, 8, "&tau=0.5&circle=20_75_120_200");
  const agree = async () => {
    expect(await measure(page, "loss L")).toBeCloseTo(loss(cosinesOf(angles), 0.5), 4);
    expect(await measure(page, "alignment (0: views agree)")).toBeCloseTo(spread(angles).alignment, 4);
    expect(await measure(page, "uniformity (lower: more even)")).toBeCloseTo(spread(angles).uniformity, 4);
  };
  await agree();
  const point = (name) => page.getByRole("slider", { name: `View ${name}` });
  await tabTo(page, point("1i"));
  for (const [key, now] of [["ArrowRight", 25], ["ArrowLeft", 20], ["ArrowUp", 25], ["ArrowDown", 20], ["Shift+ArrowRight", 21], ["End", 359], ["Home", 0], ["ArrowRight", 5]]) {
    await page.keyboard.press(key);
    await expect(point("1i")).toHaveAttribute("aria-valuenow", String(now));
  }
  await expect(page).toHaveURL(/step=8.*circle=5_75_120_200/);
  angles[0] = 5;
  await agree();

  // A finger takes another to the right end of the circle.
  const ring = await page.getByRole("group", { name: /^Views as points/ }).boundingBox();
  const at = await point("2i").boundingBox();
  await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
  await page.mouse.down();
  await page.mouse.move(ring.x + ring.width, ring.y + ring.height / 2, { steps: 4 });
  await page.mouse.up();
  await expect(point("2i")).toHaveAttribute("aria-valuenow", "0");

  // To the end at once: pairs agree, images are opposite, the loss is the floor of two images.
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect.poll(() => measure(page, "alignment (0: views agree)")).toBeLessThan(1e-3);
  expect(await measure(page, "mean cosine of positives")).toBeGreaterThan(0.999);
  expect(await measure(page, "of negatives")).toBeLessThan(-0.99);
  expect(await measure(page, "loss L")).toBeCloseTo(floor(0.5), 3);

  // Two of one class are pushed apart as well; each view has an arrow for each kind that acts on it.
  await page.getByRole("button", { name: "Add one of class A" }).click();
  await expect(point("")).toHaveCount(6);
  await expect(page).toHaveURL(/classes=ABA/);
  const close = await measure(page, "of negatives of one class");
  expect(close).toBeGreaterThan(0.9);
  await page.getByText("What pulls and pushes each view").first().click();
  const pulls = await cells(page.getByRole("table", { name: "What pulls and pushes each view" }));
  const arrows = (kind) => page.locator(`.ring-arrows .${kind}`).count();
  expect(await arrows("false"), "of views 1i, 1j, 3i and 3j").toBe(4);
  for (const [view, [, , , own]] of Object.entries(pulls).filter(([view]) => view !== "View")) {
    expect(number(own) > 0, view).toBe(/^[13]/.test(view));
  }
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect.poll(() => measure(page, "of negatives of one class")).toBeLessThan(close - 0.5);
  await page.reload();
  await expect(point("")).toHaveCount(6);

  // Up to 8 images, each addition one that its link holds.
  const add = page.getByRole("button", { name: "Add an image of a new class" });
  for (let images = 4; images <= 8; images++) {
    await add.click();
    await expect(point("")).toHaveCount(2 * images);
  }
  await expect(add).toBeDisabled();
  await expect(page.getByRole("button", { name: "Add one of class A" })).toBeDisabled();
  await page.getByRole("button", { name: "Remove the last" }).click();
  await expect(point("")).toHaveCount(14);
  await expect(add).toBeEnabled();
  await open(page, 8, "&circle=10_50_90_130&classes=AH");
  await add.click();
  await expect(page).toHaveURL(/classes=AHB/);
  await page.reload();
  await expect(page.getByText(/^This link holds values/)).toHaveCount(0);
  await expect(point("")).toHaveCount(6);
});

test("8: gradient descent runs step by step and can be stopped", async ({ page }) => {
  await open(page, 8, "&tau=0.1");
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

test("8: without motion a run of 16 points leaves room for input", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page, 8, "&tau=0.1&circle=10_50_90_130_170_210_250_290_20_60_100_140_180_220_260_300");
  const run = page.getByRole("button", { name: "Run", exact: true });
  // Other tasks that get their turn between the first step and the last; of one long task there would be none.
  const turns = await run.evaluate(
    (button) =>
      new Promise((resolve) => {
        let turns = 0;
        const ticking = setInterval(() => {
          turns += 1;
          if (!/after [1-9]\d* steps/.test(document.querySelector("article").textContent)) return;
          clearInterval(ticking);
          resolve(turns);
        });
        button.click();
      }),
  );
  expect(turns).toBeGreaterThan(3);
  await expect(page.getByText(/after \d{2,} steps/)).toBeVisible();
});

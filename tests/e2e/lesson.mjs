// What the lessons' tests share: numbers read from the page, and NT-Xent computed here from its definition, apart from the program.
import { expect } from "./fixtures.mjs";

export const VIEWS = ["x1i", "x2i", "x1j", "x2j"];
export const EXAMPLE = [
  [1, 0.63, 0.77, 0.7],
  [0.63, 1, 0.67, 0.84],
  [0.77, 0.67, 1, 0.64],
  [0.7, 0.84, 0.64, 1],
];

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The row of view `i`: candidates, the positive first, with their exps; sum, p and ℓ. `pairOf` names the positive. */
export function row(matrix, i, tau, pairOf = (i) => (i + matrix.length / 2) % matrix.length) {
  const others = matrix.map((_, k) => k).filter((k) => k !== i && k !== pairOf(i));
  const places = [pairOf(i), ...others];
  const exps = places.map((k) => Math.exp(matrix[i][k] / tau));
  const sum = exps.reduce((a, b) => a + b);
  return { places, cosines: places.map((k) => matrix[i][k]), exps, sum, p: exps[0] / sum, loss: -Math.log(exps[0] / sum) };
}

export const loss = (matrix, tau, pairOf) => mean(matrix.map((_, i) => row(matrix, i, tau, pairOf).loss));

/** A number as the page writes it: a real minus, powers of ten. */
export const number = (text) => Number(text.trim().replaceAll("−", "-"));

/** The numbers in the cells of a table's rows, by the head of each row; words and signs in a cell are left out. */
export async function cells(table) {
  await expect(table).toBeVisible();
  const rows = await table.getByRole("row").all();
  const all = {};
  for (const one of rows) {
    const texts = await one.locator("th, td").allInnerTexts();
    all[texts[0].trim()] = texts.slice(1).map((text) => text.trim());
  }
  return all;
}

/** The `n`-th formula on the page: the numbers of each of its rows in order. */
export async function formula(page, n) {
  await expect(page.getByRole("group", { name: "Formula" }).nth(n)).toBeVisible();
  const rows = await page.getByRole("group", { name: "Formula" }).nth(n).evaluate((element) => {
    const lines = element.querySelectorAll("mtr");
    return [...(lines.length ? lines : [element])].map((line) => [...line.querySelectorAll("mn")].map((mn) => mn.textContent));
  });
  return rows.map((line) => line.map(Number));
}

/** Rounds `value` as `shown` is rounded, and compares. */
export function expectShown(shown, value) {
  const decimals = (String(shown).split(".")[1] ?? "").length;
  expect(Number(value.toFixed(decimals)), `${shown} stands for ${value}`).toBe(Number(shown));
}

/** Answers the question of the step that is shown, first wrong, then right. */
export async function answer(page) {
  const question = page.getByRole("group", { name: /^Question/ });
  const status = question.getByRole("status");
  let right = 0;
  // The page's part of the program may still be on its way.
  await question.waitFor();
  for (const button of await question.getByRole("button").all()) {
    await button.click();
    await expect(status).toContainText(/^(Right|Not quite)\. ./);
    await expect(button).toHaveAttribute("aria-pressed", "true");
    if ((await status.innerText()).startsWith("Right.")) right += 1;
  }
  expect(right, "right answers").toBe(1);
}

/** No part of the page reaches beyond a phone's width. */
export async function expectNarrow(page) {
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
}

/** Presses Tab until `locator` has the focus; a visitor without a mouse gets there. */
export async function tabTo(page, locator, most = 80) {
  for (let n = 0; n < most; n++) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("Tab does not lead there");
}

/** Prints with a printer that counts the steps it would have on paper. */
export async function printed(page) {
  await page.evaluate(() => {
    window.print = () => {
      window.printedSteps = document.querySelectorAll("article").length;
      dispatchEvent(new Event("afterprint"));
    };
  });
  await page.getByRole("button", { name: "Print", exact: true }).click();
  await page.waitForFunction(() => window.printedSteps !== undefined);
  return page.evaluate(() => window.printedSteps);
}

import { join } from 'node:path';
import type { Explanation } from '#control/explanation.ts';
import { FIRST_GUESS, NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { demandCurve } from '#domain/placement/demand-curve.ts';
import { flipsAt, nextChange } from '#domain/placement/flips.ts';
import { rankedOptions } from '#domain/placement/optimize.ts';
import { waysToSpendLess } from '#domain/placement/ways.ts';
import {
  faultsOf,
  linkTo,
  openBrowser,
  openWindow,
  overflowOf,
  picture,
} from '../support/browser/browser.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const QUESTION: Question = {
  demand: { ...FIRST_GUESS, requestsPerSecond: 24, peak: 48, hours: 730 },
  measured: { requestMs: 100, parallelPart: 0.5, memoryMiB: 300, imageBytes: 1, startMs: 2000 },
  limits: { ...NO_LIMITS, lambdaMemoryMiB: 3008 },
  allowsSpot: false,
};

/** As a build finds it that has measured the model, which ONNX models on one machine do not have. */
const weighing: NonNullable<Explanation['weighing']> = {
  question: QUESTION,
  isGuess: false,
  options: rankedOptions(QUESTION),
  flipsAt: flipsAt(QUESTION),
  ...nextChange(QUESTION),
  byDemand: demandCurve(QUESTION),
  ways: waysToSpendLess(QUESTION),
};

it('the reasons of a placement have the bill of each option, the limits that it breaks, and ways to spend less', async () => {
  await using folder = await temporaryFolder();
  await using slipway = await startSlipway(join(folder.path, 'data'));
  slipway.drop('models/digits/digits.onnx', addConstantModel({ constant: 1 }));
  await slipway.ending('digits', 1);
  const browser = await openBrowser();
  await using window = await openWindow(browser);
  const { page } = window;
  page.setDefaultTimeout(60_000);
  let idle = {};
  await page.route(
    (url) => url.pathname.endsWith('/explain'),
    async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), weighing, ...idle } });
    },
  );
  await page.goto(await linkTo(slipway));
  await page.getByRole('link', { name: 'digits' }).click();
  await page.getByRole('link', { name: 'Why here' }).click();
  const bills = page.getByRole('region', { name: 'The table of bills' });
  await bills.getByText('the cheapest').waitFor();

  const rows = await bills.locator('tbody tr').count();
  expect(rows).toBeGreaterThan(2);
  expect(rows).toBeLessThan(10);
  expect(await page.getByText('24 a second, 48 at the peak').count()).toBe(1);
  expect(await page.getByText('To spend less').count()).toBe(1);
  const curve = page.getByRole('figure', { name: 'The bill a month over the requests a second' });
  const drawn = await curve.locator('path.line').count();
  const { points, breakEvens } = weighing.byDemand!;
  const kept = ['lambda', 'fargate', 'ec2'] as const;
  expect(drawn).toBe(
    kept.filter((target) => points.some(({ usd }) => usd[target] !== null)).length,
  );
  expect(breakEvens.length).toBeGreaterThan(0);
  expect(await curve.locator('line.break-even').count()).toBe(breakEvens.length);
  expect(await curve.getByRole('img').getAttribute('aria-label')).toMatch(
    /^From 2\.4 to 240 requests a second, .* The cheapest: Lambda, Fargate from [\d.]+ requests a second on/,
  );
  await page.getByRole('heading', { name: 'Where version 1 runs, and why' }).waitFor();
  for (const [scheme, width] of [
    ['light', 1200],
    ['dark', 1200],
    ['light', 360],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 760 });
    expect(await faultsOf(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
    await picture(page, `bills-${scheme}-${width}`);
  }
  idle = { live: null, state: 'Removed' };
  await page.reload();
  await page.getByRole('heading', { name: 'Where version 1 was placed, and why' }).waitFor();
  await page.getByText('It is not live; this was found when it was placed.').waitFor();
  expect(window.errors).toEqual([]);
  await browser.close();
});

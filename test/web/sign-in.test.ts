import type { Browser, Page } from 'playwright-core';
import {
  faultsOf,
  openBrowser,
  openWindow,
  overflowOf,
  picture,
  type Window,
} from '../support/browser/browser.ts';
import { startTeamConsole } from '../support/doors/team-console.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let browser: Browser;
let team: Awaited<ReturnType<typeof startTeamConsole>>;
let window: Window;
let page: Page;

beforeAll(async () => {
  folder = await temporaryFolder();
  browser = await openBrowser();
  team = await startTeamConsole(folder.path, { hasTls: true });
  team.slipway.drop('models/team-a-adder/adder.onnx', addConstantModel({ constant: 10 }));
  team.slipway.drop('models/team-b-adder/adder.onnx', addConstantModel({ constant: 20 }));
  await team.slipway.ending('team-a-adder', 1);
  await team.slipway.ending('team-b-adder', 1);
});
afterAll(async () => {
  await browser.close();
  await team[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});
beforeEach(async () => {
  window = await openWindow(browser, { isTrusting: true });
  page = window.page;
  page.setDefaultTimeout(60_000);
});
afterEach(() => window[Symbol.asyncDispose]());

const signInButton = () => page.getByRole('button', { name: 'Sign in' });

it('somebody signs in at their provider, sees the models of their team by their name, and signs out', async () => {
  await page.goto(`${team.site}/#/models/team-a-adder`);
  await signInButton().waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await picture(page, 'sign-in-light');

  await signInButton().click();
  // As it was asked for.
  await page.getByRole('heading', { name: 'team-a-adder' }).waitFor();
  await page.getByText('ann@example.com').waitFor();
  expect(page.url()).toBe(`${team.site}/#/models/team-a-adder`);
  await page.goto(`${team.site}/#/`);
  await page.getByText('team-a-adder').first().waitFor();
  expect(await page.getByText('team-b-adder').count()).toBe(0);
  expect(await faultsOf(page)).toEqual([]);
  await picture(page, 'signed-in-light');
  expect(await page.evaluate('document.cookie')).toBe('');
  const cookies = await window.context.cookies(team.site);
  expect(cookies.filter(({ name }) => !name.startsWith('_'))).toEqual([]);
  expect(window.errors).toEqual([]);

  await page.setViewportSize({ width: 360, height: 700 });
  expect(await overflowOf(page)).toBe(0);
  await picture(page, 'signed-in-narrow');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL((url) => url.href.startsWith(`${team.provider.issuer}/session/end`));
  await page.goto(team.site);
  await signInButton().waitFor();
});

it('a person who has signed in calls a model with a key, as everybody from another machine', async () => {
  await page.goto(`${team.site}/#/models/team-a-adder/try`);
  await signInButton().click();

  await page.getByLabel('API key').fill(team.key);
  await page.getByRole('button', { name: 'Use it' }).click();

  await page.getByRole('button', { name: 'Send' }).waitFor();
  expect(window.errors).toEqual([]);
});

it('a sign-in that another tab or site has begun opens nothing', async () => {
  const begun = await page.request.post(`${team.site}/console/sign-in`, {
    headers: { origin: team.site },
  });
  const back = await team.provider.signIn((await begun.json()).url, 'bob');
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));

  await page.goto(back.href);

  await page.getByRole('alert').waitFor();
  expect(await page.getByRole('alert').textContent()).toMatch(/did not begin that sign-in/);
  expect(page.url()).toBe(`${team.site}/#/`);
  expect(asked).not.toContain('/console/signed-in');
});

import { readRoute, titleOf } from '../../console/app/route.ts';

it.each([
  ['', 'Slipway'],
  ['#/events', 'Events – Slipway'],
  ['#/models/digits/why', 'digits – Slipway'],
  ['#/models/%E2%80%AEa', '<U+202E>a – Slipway'],
  ['#/deployments/1', 'Deployment – Slipway'],
])('the page at %j is called %j', (hash, title) => {
  expect(titleOf(readRoute(hash))).toBe(title);
});

import { describeRouter, placementUnderTest } from '../../contracts/router.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { memoryRouter } from './router.ts';

describeRouter('memoryRouter', async () => {
  const clock = fakeClock(0);
  return {
    router: memoryRouter({ clock, spreadMs: 5_000, placementOf: placementUnderTest }),
    isSpreading: true,
    settle: async () => clock.advance(5_000),
    close: async () => {},
  };
});

it('a change is pending until it has spread', async () => {
  const clock = fakeClock(0);
  const router = memoryRouter({ clock, spreadMs: 5_000 });
  await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);

  clock.advance(4_999);
  const before = await router.verify('digits', { 'digits-v1': 1 });
  clock.advance(1);
  const after = await router.verify('digits', { 'digits-v1': 1 });

  expect([before.kind, after.kind]).toEqual(['pending', 'verified']);
});

it('a change back is pending until the change before it has spread, too', async () => {
  const clock = fakeClock(0);
  const router = memoryRouter({ clock, spreadMs: 5_000 });
  const [V1, V2] = [{ 'digits-v1': 1 }, { 'digits-v2': 1 }];
  await router.setShares('digits', V1, {}, 1);
  clock.advance(5_000);
  await router.setShares('digits', V2, V1, 1);
  await router.setShares('digits', V1, V2, 1);

  const before = await router.verify('digits', V1);
  clock.advance(5_000);
  const after = await router.verify('digits', V1);

  expect([before.kind, after.kind]).toEqual(['pending', 'verified']);
});

it('remembers what clients got and since when', async () => {
  const clock = fakeClock(0);
  const router = memoryRouter({ clock, spreadMs: 10 });
  await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
  clock.advance(5);
  await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
  await router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 1);
  await router.remove('digits', 1);

  clock.advance(5);
  const first = router.dataPlane('digits');
  clock.advance(5);

  expect(first).toEqual({ 'digits-v1': 1 });
  expect(router.dataPlane('digits')).toEqual({});
  expect(router.history('digits')).toEqual([
    { atMs: 10, shares: { 'digits-v1': 1 } },
    { atMs: 15, shares: { 'digits-v2': 1 } },
    { atMs: 15, shares: {} },
  ]);
});

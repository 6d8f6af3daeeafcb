import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gatewayRouter } from '#adapters/local/gateway/router.ts';
import { openDatabase } from '#adapters/local/registry/database.ts';
import { describeRouter, placementUnderTest } from '../../../contracts/router.ts';

const revisions = { placement: placementUnderTest };

describeRouter('gatewayRouter', async () => {
  const database = new DatabaseSync(':memory:');
  return {
    router: gatewayRouter({ database, revisions }).router,
    isSpreading: false,
    settle: async () => {},
    close: async () => database.close(),
  };
});

it('shares survive a restart, in the record and in the live table', async () => {
  const database = new DatabaseSync(':memory:');
  const first = gatewayRouter({ database, revisions });
  await first.router.setShares('digits', { 'digits-v1': 90, 'digits-v2': 10 }, {}, 1);
  await first.router.setShares('words', { 'words-v1': 1 }, {}, 1);
  await first.router.remove('words', 1);

  const second = gatewayRouter({ database, revisions });

  expect(await second.router.shares('digits')).toEqual({ 'digits-v1': 90, 'digits-v2': 10 });
  expect([...second.table().keys()]).toEqual(['digits']);
  expect(await second.router.verify('digits', { 'digits-v1': 90, 'digits-v2': 10 })).toEqual({
    kind: 'verified',
  });
});

it('a change by somebody else in the record is not verified, and says what differs', async () => {
  const database = new DatabaseSync(':memory:');
  const { router } = gatewayRouter({ database, revisions });
  await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);

  database.exec(`UPDATE shares SET shares = '{"digits-v2":1}'`);

  expect(await router.verify('digits', { 'digits-v1': 1 })).toEqual({
    kind: 'different',
    shares: { 'digits-v2': 1 },
  });
  expect(await router.verify('digits', { 'digits-v2': 1 })).toEqual({
    kind: 'different',
    shares: { 'digits-v1': 1 },
  });
});

it('a change that cannot be recorded is not made', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-router-'));
  const database = openDatabase(join(folder, 'registry.db'));
  const { router, table } = gatewayRouter({ database, revisions });
  await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
  await rm(folder, { recursive: true });

  const change = router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 1);

  await expect(change).rejects.toMatchObject({ name: 'PlatformUnavailable' });
  expect(table().get('digits')?.shares).toEqual({ 'digits-v1': 1 });
  database.close();
});

it('the live table is replaced, never changed', async () => {
  const { router, table } = gatewayRouter({ database: new DatabaseSync(':memory:'), revisions });
  await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
  const before = table();

  await router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 1);
  await router.remove('digits', 1);

  expect(before.get('digits')?.next()).toBe('digits-v1');
  expect(table().get('digits')).toBeUndefined();
});

it('the addresses are paths under the gateway’s origin', () => {
  const { router } = gatewayRouter({ database: new DatabaseSync(':memory:'), revisions });

  expect(router.route('digits')).toBe('/models/digits');
  expect(router.testPath({ revision: 'digits-v1', target: 'lambda' })).toBe(
    '/_candidate/digits-v1',
  );
});

import { DatabaseSync } from 'node:sqlite';
import { sqliteApiKeys } from '#adapters/local/registry/sqlite-api-keys.ts';
import { keyHash } from '#domain/api-key.ts';
import { describeApiKeys } from '../../../contracts/api-keys.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const START = Date.parse('2026-01-02T03:04:05Z');

describeApiKeys('sqliteApiKeys', () => {
  const clock = fakeClock(START);
  return { keys: sqliteApiKeys(new DatabaseSync(':memory:'), clock), clock };
});

it('keeps no key itself', async () => {
  const database = new DatabaseSync(':memory:');
  const keys = sqliteApiKeys(database, fakeClock(START));

  const { key, record } = await keys.create('app', 'all');

  const rows = JSON.stringify(database.prepare('SELECT * FROM caller_keys').all());
  expect(rows).not.toContain(key);
  expect(rows).not.toContain(key.slice(4));
  expect(keys.findNow((await keyHash(key)) ?? '')).toEqual(record);
});

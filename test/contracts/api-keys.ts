import { keyHash } from '#domain/api-key.ts';
import type { ApiKeys } from '#ports/api-keys.ts';
import type { FakeClock } from '../support/clock/fake-clock.ts';

export type ApiKeysUnderTest = { readonly keys: ApiKeys; readonly clock: FakeClock };

/** The promises of every ApiKeys. */
export function describeApiKeys(name: string, open: () => ApiKeysUnderTest): void {
  const find = async (keys: ApiKeys, key: string) => keys.find((await keyHash(key)) ?? '');

  describe(`${name} keeps the promises of ApiKeys`, () => {
    it('makes a key that is found by its hash, with what it was made for', async () => {
      const { keys, clock } = open();

      const { key, record } = await keys.create('ci', ['digits', 'shapes']);

      expect(record).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        name: 'ci',
        models: ['digits', 'shapes'],
        createdAtMs: clock.now(),
      });
      expect(await find(keys, key)).toEqual(record);
    });

    it('makes a key for all models', async () => {
      const { keys } = open();

      const { key } = await keys.create('everything', 'all');

      expect((await find(keys, key))?.models).toBe('all');
    });

    it('keeps what bounds a key', async () => {
      const { keys, clock } = open();
      const limits = {
        expiresAtMs: clock.now() + 1000,
        rate: { requests: 600, everySeconds: 60 },
        roles: ['call'],
      } as const;

      const { key, record } = await keys.create('guest', ['team-a-*'], limits);

      expect(record).toMatchObject({ models: ['team-a-*'], ...limits });
      expect(await find(keys, key)).toEqual(record);
    });

    it('makes two keys of the same name', async () => {
      const { keys } = open();

      const first = await keys.create('ci', 'all');
      const second = await keys.create('ci', 'all');

      expect(first.key).not.toBe(second.key);
      expect(await keys.list()).toHaveLength(2);
    });

    it('lists the keys, oldest first, without the keys themselves', async () => {
      const { keys, clock } = open();
      const made = [];
      for (const name of ['one', 'two', 'three', 'four']) {
        made.push(await keys.create(name, 'all'));
        clock.advance(1000);
      }

      const listed = await keys.list();

      expect(listed).toEqual(made.map(({ record }) => record));
      for (const { key } of made) expect(JSON.stringify(listed)).not.toContain(key);
    });

    it('has no keys at first', async () => {
      const { keys } = open();

      expect(await keys.list()).toEqual([]);
    });

    it('knows no key that it has not made', async () => {
      const { keys } = open();
      await keys.create('ci', 'all');

      expect(await keys.find('0'.repeat(64))).toBeUndefined();
    });

    it('forgets a key that is revoked, and no other', async () => {
      const { keys } = open();
      const gone = await keys.create('gone', 'all');
      const kept = await keys.create('kept', 'all');

      await keys.revoke(gone.record.id);

      expect(await find(keys, gone.key)).toBeUndefined();
      expect(await find(keys, kept.key)).toEqual(kept.record);
      expect(await keys.list()).toEqual([kept.record]);
    });

    it('revokes twice as once, and what was never there', async () => {
      const { keys } = open();
      const { record } = await keys.create('ci', 'all');

      await keys.revoke(record.id);
      await keys.revoke(record.id);
      await keys.revoke('0123456789abcdef');

      expect(await keys.list()).toEqual([]);
    });

    it.each([
      { what: 'a name that is empty', name: ' ', models: 'all' as const },
      { what: 'what is no model', name: 'ci', models: ['Digits'] },
      { what: 'no models', name: 'ci', models: [] },
    ])('makes no key for $what', async ({ name, models }) => {
      const { keys } = open();

      await expect(keys.create(name, models)).rejects.toMatchObject({ name: 'InputInvalid' });

      expect(await keys.list()).toEqual([]);
    });
  });
}

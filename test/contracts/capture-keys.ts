import type { CaptureKeys } from '#ports/capture-keys.ts';

export type CaptureKeysUnderTest = {
  readonly keys: CaptureKeys;
  /** All that it has stored, as far as it can be read where it lies. */
  stored(): Promise<string>;
};

const KEY_BYTES = 32;

/** The promises of every CaptureKeys. */
export function describeCaptureKeys(name: string, make: () => Promise<CaptureKeysUnderTest>): void {
  describe(`${name} keeps the promises of CaptureKeys`, () => {
    let world: CaptureKeysUnderTest;
    beforeEach(async () => {
      world = await make();
    });

    it('publishes 31 public keys of a revision, the same each time', async () => {
      const { keys } = world;

      const published = await keys.publish('iris', 'iris-v1');

      const bytes = Buffer.from(published, 'base64');
      const each = Array.from({ length: 31 }, (_, day) => bytes.subarray(day * 32, day * 32 + 32));
      expect(bytes).toHaveLength(31 * KEY_BYTES);
      expect(new Set(each.map((key) => key.toString('hex'))).size).toBe(31);
      expect(await keys.publish('iris', 'iris-v1')).toBe(published);
      expect(await keys.publish('iris', 'iris-v2')).not.toBe(published);
    });

    it('opens with the private keys of what it has published, of all revisions of the model', async () => {
      const { keys } = world;
      const one = Buffer.from(await keys.publish('iris', 'iris-v1'), 'base64');
      const two = Buffer.from(await keys.publish('iris', 'iris-v2'), 'base64');
      await keys.publish('iris-2', 'iris-2-v1');

      const found = await keys.open('iris');

      const publicOf = (revision: string, day: number) =>
        Buffer.from(found?.(revision, day)?.public ?? []).toString('hex');
      expect(publicOf('iris-v1', 1)).toBe(one.subarray(0, 32).toString('hex'));
      expect(publicOf('iris-v2', 31)).toBe(two.subarray(960).toString('hex'));
      expect(found?.('iris-v1', 1)?.own).toHaveLength(KEY_BYTES);
      expect(found?.('iris-2-v1', 1)).toBeUndefined();
      expect(await keys.open('nobody')).toBeNull();
    });

    it('has no key of a day any more once it is dropped, and all others', async () => {
      const { keys } = world;
      await keys.publish('iris', 'iris-v1');
      await keys.publish('iris', 'iris-v2');
      const earlier = await keys.open('iris');
      const own = (day: number) => Buffer.from(earlier?.('iris-v1', day)?.own ?? []);

      await keys.drop('iris', [7, 30]);
      await keys.drop('iris', [7, 30]);

      const later = await keys.open('iris');
      const days = Array.from({ length: 31 }, (_, index) => index + 1);
      for (const revision of ['iris-v1', 'iris-v2']) {
        expect(days.filter((day) => !later?.(revision, day))).toEqual([7, 30]);
      }
      expect(later?.('iris-v1', 8)).toEqual(earlier?.('iris-v1', 8));
      const stored = await world.stored();
      for (const day of [7, 30])
        expect(stored).not.toContain(own(day).toString('base64').slice(0, 40));
    });

    it('opens nothing of a model once the keys of all days are dropped', async () => {
      const { keys } = world;
      await keys.publish('iris', 'iris-v1');

      await keys.drop(
        'iris',
        Array.from({ length: 31 }, (_, index) => index + 1),
      );

      expect(await keys.open('iris')).toBeNull();
    });

    it('has no key of the revisions that are gone any more, and all others', async () => {
      const { keys } = world;
      const gone = await keys.publish('iris', 'iris-v1');
      const kept = await keys.publish('iris', 'iris-v2');
      await keys.publish('iris', 'iris-v10');
      await keys.publish('iris-2', 'iris-2-v1');
      await keys.drop('iris', [7]);

      await keys.keepOnly('iris', ['iris-v2']);
      await keys.keepOnly('iris', ['iris-v2']);

      const found = await keys.open('iris');
      expect(found?.('iris-v1', 1)).toBeUndefined();
      expect(found?.('iris-v10', 1)).toBeUndefined();
      expect(found?.('iris-v2', 1)).toBeDefined();
      expect(found?.('iris-v2', 7)).toBeUndefined();
      expect((await keys.open('iris-2'))?.('iris-2-v1', 1)).toBeDefined();
      expect(await world.stored()).not.toContain(gone.slice(0, 40));
      expect(Buffer.from(await keys.publish('iris', 'iris-v2'), 'base64').subarray(0, 192)).toEqual(
        Buffer.from(kept, 'base64').subarray(0, 192),
      );
      await keys.keepOnly('iris', []);
      expect(await keys.open('iris')).toBeNull();
      await keys.keepOnly('nobody', []);
    });

    it('drops nothing of a model that it does not know', async () => {
      await world.keys.drop('nobody', [1]);
    });
  });
}

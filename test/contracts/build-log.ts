import type { BuildLog, BuildLogRef } from '#ports/build-log.ts';
import { textsOf } from '#ports/platform.ts';

export type BuildLogUnderTest = {
  readonly log: BuildLog;
  /** When the first line of each build was written (epoch ms). */
  readonly beganMs: number;
  /** Writes these lines as one build does, each a millisecond after the one before, and answers where they are once they can be read. */
  write(lines: readonly string[]): Promise<BuildLogRef>;
  close(): Promise<void>;
};

/** The promises of every BuildLog. */
export function describeBuildLog(name: string, open: () => Promise<BuildLogUnderTest>): void {
  describe(`${name} keeps the promises of BuildLog`, () => {
    let world: BuildLogUnderTest;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const texts = async (ref: BuildLogRef, lines: number) =>
      textsOf(await world.log.tail(ref, { lines }));

    it('answers the last lines, oldest first', async () => {
      const ref = await world.write(['one', 'two', 'three']);

      expect(await texts(ref, 2)).toEqual(['two', 'three']);
    });

    it('answers all of a log that is shorter than asked for', async () => {
      const ref = await world.write(['one', 'two']);

      expect(await texts(ref, 50)).toEqual(['one', 'two']);
    });

    it('answers the end of a long log', async () => {
      const lines = Array.from({ length: 3000 }, (_, index) => `line ${index}`);
      const ref = await world.write(lines);

      expect(await texts(ref, 50)).toEqual(lines.slice(-50));
    });

    it('says when each line was written', async () => {
      const ref = await world.write(['one', 'two']);

      expect(await world.log.tail(ref, { lines: 5 })).toEqual([
        { timeMs: world.beganMs, text: 'one' },
        { timeMs: world.beganMs + 1, text: 'two' },
      ]);
    });

    it('answers nothing from before it is asked for', async () => {
      const ref = await world.write(['one', 'two', 'three', 'four']);

      const since = (ms: number, lines: number) =>
        world.log.tail(ref, { lines, sinceMs: world.beganMs + ms });

      expect(textsOf(await since(1, 5))).toEqual(['two', 'three', 'four']);
      expect(textsOf(await since(1, 2))).toEqual(['three', 'four']);
      expect(await since(4, 5)).toEqual([]);
    });

    it('keeps the logs of two builds apart', async () => {
      const first = await world.write(['first']);
      const second = await world.write(['second']);

      expect(await texts(first, 5)).toEqual(['first']);
      expect(await texts(second, 5)).toEqual(['second']);
    });

    it('answers nothing when no lines are asked for', async () => {
      const ref = await world.write(['one']);

      expect(await texts(ref, 0)).toEqual([]);
    });

    it('is empty for a build or a group that it does not know', async () => {
      const ref = await world.write(['one']);

      expect(await texts({ ...ref, stream: 'another' }, 5)).toEqual([]);
      expect(await texts({ ...ref, group: 'another' }, 5)).toEqual([]);
    });
  });
}

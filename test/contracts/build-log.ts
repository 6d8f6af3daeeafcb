import type { BuildLog, BuildLogRef } from '#ports/build-log.ts';

export type BuildLogUnderTest = {
  readonly log: BuildLog;
  /** Writes these lines as one build does, and answers where they are once they can be read. */
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

    it('answers the last lines, oldest first', async () => {
      const ref = await world.write(['one', 'two', 'three']);

      expect(await world.log.tail(ref, 2)).toEqual(['two', 'three']);
    });

    it('answers all of a log that is shorter than asked for', async () => {
      const ref = await world.write(['one', 'two']);

      expect(await world.log.tail(ref, 50)).toEqual(['one', 'two']);
    });

    it('answers the end of a long log', async () => {
      const lines = Array.from({ length: 3000 }, (_, index) => `line ${index}`);
      const ref = await world.write(lines);

      expect(await world.log.tail(ref, 50)).toEqual(lines.slice(-50));
    });

    it('keeps the logs of two builds apart', async () => {
      const first = await world.write(['first']);
      const second = await world.write(['second']);

      expect(await world.log.tail(first, 5)).toEqual(['first']);
      expect(await world.log.tail(second, 5)).toEqual(['second']);
    });

    it('answers nothing when no lines are asked for', async () => {
      const ref = await world.write(['one']);

      expect(await world.log.tail(ref, 0)).toEqual([]);
    });

    it('is empty for a build or a group that it does not know', async () => {
      const ref = await world.write(['one']);

      expect(await world.log.tail({ ...ref, stream: 'another' }, 5)).toEqual([]);
      expect(await world.log.tail({ ...ref, group: 'another' }, 5)).toEqual([]);
    });
  });
}

import type { KeptLines } from '#ports/kept-lines.ts';

export type KeptLinesUnderTest = {
  readonly lines: KeptLines;
  /** Today, as 2026-01-31. */
  readonly today: string;
  /** Writes a line as a server of the model does, now, and returns once it can be read. */
  write(model: string, line: string): Promise<void>;
  /** Whether lines can be removed where they are. */
  readonly removes: boolean;
};

/** A line of a server that counts, of this revision. */
export function countLine(revision: string, day: string, seen = 1): string {
  const counts = { seen, kept: 0, full: 0, large: 0, private: 0, form: 0, failed: 0 };
  const hour = Math.floor(Date.parse(day) / 3_600_000);
  return JSON.stringify({
    slipwayKept: 1,
    revision,
    server: '0a1b2c3d',
    hour,
    most: 100,
    days: 7,
    counts,
  });
}

function truthLine(revision: string, day: string): string {
  const at = Date.parse(day) + 1000;
  return JSON.stringify({
    slipwayKept: 1,
    isTruth: true,
    revision,
    at,
    rank: 0,
    enc: 'AAAA',
    sealed: 'AAAA',
  });
}

/** The promises of every KeptLines. */
export function describeKeptLines(name: string, make: () => Promise<KeptLinesUnderTest>): void {
  describe(`${name} keeps the promises of KeptLines`, () => {
    let world: KeptLinesUnderTest;
    beforeEach(async () => {
      world = await make();
    });

    const linesOf = async (model: string, day: string) => {
      const found: string[] = [];
      for await (const { text } of world.lines.of(model, day)) found.push(text);
      return found.sort();
    };

    it('has the lines that servers of the model wrote that day, as they are', async () => {
      const { today } = world;
      const lines = [countLine('iris-v1', today), countLine('iris-v2', today, 7)];
      for (const line of lines) await world.write('iris', line);

      expect(await linesOf('iris', today)).toEqual(lines.sort());
      expect(await world.lines.days('iris')).toContain(today);
      expect(await linesOf('iris', '2020-01-01')).toEqual([]);
    });

    it('has no line of a model that wrote none', async () => {
      await world.write('iris', countLine('iris-v1', world.today));

      expect(await linesOf('wine', world.today)).toEqual([]);
    });

    it('has all that was written since the time that is asked for', async () => {
      const { today, lines } = world;
      await world.write('iris', countLine('iris-v1', today));
      const found: string[] = [];

      const since = lines.of('iris', today, () => false, Date.parse(today));
      for await (const { text } of since) found.push(text);

      expect(found).toEqual([countLine('iris-v1', today)]);
    });

    it('has what is added to a day beside them', async () => {
      const { today, lines } = world;
      const added = truthLine('iris-v1', today);
      await world.write('iris', countLine('iris-v1', today));

      await lines.add('iris', today, added);

      expect(await linesOf('iris', today)).toEqual([added, countLine('iris-v1', today)].sort());
    });

    it('removes the lines of a day where it can', async () => {
      const { today, lines, removes } = world;
      await world.write('iris', countLine('iris-v1', today));
      await world.write('wine', countLine('wine-v1', today));

      await lines.remove('iris', [today, '2020-01-01']);

      expect(await linesOf('iris', today)).toHaveLength(removes ? 0 : 1);
      expect(await linesOf('wine', today)).toHaveLength(1);
    });
  });
}

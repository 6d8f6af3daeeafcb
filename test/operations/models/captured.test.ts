import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { DAYS_OF_A_MONTH, dayOf } from '#domain/capture/plan.ts';
import {
  captureOf,
  exported,
  feedbackText,
  forget,
  joinTruths,
} from '#operations/models/captured.ts';
import { keptLine } from '../../support/capture/kept-line.ts';
import { fakeClock } from '../../support/clock/fake-clock.ts';
import { memoryCapture } from '../../support/memory/capture.ts';
import { MODEL, memoryWorld } from '../../support/worlds/memory.ts';

const NOW = Date.parse('2026-02-03T10:00:00Z');
const DAY_MS = 86_400_000;

/** A model of which each of these requests was kept. */
async function kept(
  ...requests: readonly { id: string; at?: number; body?: string; revision?: string }[]
) {
  const clock = fakeClock(NOW);
  const ports = { ...memoryCapture(clock), clock };
  for (const [
    rank,
    { id, at = NOW, body = `body of ${id}`, revision = 'iris-v2' },
  ] of requests.entries()) {
    const keys = await ports.captureKeys.publish('iris', revision);
    const line = keptLine(keys, { id, revision, at, rank, body, answer: `answer to ${id}` });
    await ports.keptLines.add('iris', dayOf(at), line);
  }
  const all = async () => {
    const found: { id: string; truth?: unknown; body: object }[] = [];
    for await (const each of exported(ports, 'iris')) found.push(each);
    return found;
  };
  return { ports, clock, all };
}

describe('kept requests', () => {
  it('leave other work its turn between two that are opened', async () => {
    const ids = Array.from({ length: 20 }, (_, at) => `${at}`);
    const { all } = await kept(...ids.map((id) => ({ id })));
    let [turns, isOver] = [0, false];
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };

    setImmediate(count);
    const found = await all();
    isOver = true;

    expect(found).toHaveLength(20);
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it('are exported with their answers, the newest first', async () => {
    const { all } = await kept({ id: 'a' }, { id: 'b', at: NOW + 1, body: '' });

    expect(await all()).toEqual([
      {
        id: 'b',
        at: '2026-02-03T10:00:00.001Z',
        version: 2,
        path: '/invocations',
        contentType: 'application/json',
        body: { text: '' },
        answer: { text: 'answer to b' },
      },
      expect.objectContaining({ id: 'a', body: { text: 'body of a' } }),
    ]);
  });

  it('are not looked for where no key would open them', async () => {
    const { ports } = await kept({ id: 'a' });
    const looked: string[] = [];
    const lines = {
      ...ports.keptLines,
      days: async (model: string) => {
        looked.push(model);
        return ports.keptLines.days(model);
      },
    };
    const { of } = keptRequests({ lines, keys: ports.captureKeys, clock: ports.clock });
    for await (const { id } of of('iris')) looked.push(id);
    for await (const { id } of of('wine')) looked.push(id);
    expect(looked).toEqual(['iris', 'a']);

    await ports.captureKeys.drop('iris', DAYS_OF_A_MONTH);

    for await (const { id } of of('iris')) looked.push(id);
    expect(looked).toEqual(['iris', 'a']);
  });

  it('are read until it is enough, and those that were read by then come still', async () => {
    const { ports } = await kept({ id: 'a' }, { id: 'b' }, { id: 'c', at: NOW - DAY_MS });
    const found: string[] = [];
    let most = 0;
    const isEnough = (bytes: number) => {
      most = Math.max(most, bytes);
      return bytes > 700;
    };

    for await (const { id } of ports.keptRequests.of('iris', isEnough)) found.push(id);

    expect(found).toEqual(['a']);
    expect(most).toBeGreaterThan(700);
  });

  it('are those since the time that is asked for', async () => {
    const { ports } = await kept(
      { id: 'a' },
      { id: 'b', at: NOW - 1 },
      { id: 'c', at: NOW - DAY_MS },
    );
    const found: string[] = [];

    for await (const { id } of ports.keptRequests.of('iris', undefined, NOW)) found.push(id);

    expect(found).toEqual(['a']);
  });

  it('are not opened once their days are over', async () => {
    const { all, clock } = await kept({ id: 'old', at: NOW - 6 * DAY_MS }, { id: 'new' });
    expect((await all()).map(({ id }) => id)).toEqual(['new', 'old']);

    clock.advance(DAY_MS);

    expect((await all()).map(({ id }) => id)).toEqual(['new']);
  });

  it('are counted by day, with those whose key is gone', async () => {
    const { ports } = await kept({ id: 'a' }, { id: 'b' }, { id: 'c', at: NOW - DAY_MS });
    await ports.captureKeys.drop('iris', [2]);

    const { registry } = memoryWorld();

    const { days, budget } = await captureOf({ ...ports, registry }, { name: 'iris', live: null });

    expect(days).toMatchObject([
      { day: '2026-02-03', sampled: 2, opens: 2, counts: { seen: 2, kept: 2 } },
      { day: '2026-02-02', sampled: 1, opens: 0 },
    ]);
    expect(budget).toBeNull();
  });

  it('are counted beside what the live version may keep', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ manifest: 'capture: { days: 3, private: [card] }' }));
    const model = (await world.registry.model(MODEL))!;
    const { ports } = await kept();

    const { budget, days } = await captureOf({ ...ports, registry: world.registry }, model);

    expect(budget).toEqual({ requestsPerHour: 100, megabytes: 200, days: 3, private: ['card'] });
    expect(days).toEqual([]);
  });

  it('of a day are forgotten by its key, and a copy of them opens no more', async () => {
    const { ports, all } = await kept({ id: 'a' }, { id: 'b', at: NOW - DAY_MS });
    const copy: string[] = [];
    for await (const { text } of ports.keptLines.of('iris', '2026-02-03')) copy.push(text);

    expect(await forget(ports, 'iris', '2026-02-03')).toEqual({ days: ['2026-02-03'] });
    for (const line of copy) await ports.keptLines.add('iris', '2026-02-03', line);

    expect((await all()).map(({ id }) => id)).toEqual(['b']);
    expect((await forget(ports, 'iris', null)).days).toHaveLength(2);
    expect(await all()).toEqual([]);
  });

  it.each(['today', '2026-02-30', '2026-2-3', '2026-02-03T00:00:00Z'])(
    'are not forgotten by %s, which is no day',
    async (day) => {
      const { ports } = await kept({ id: 'a' });

      await expect(forget(ports, 'iris', day)).rejects.toMatchObject({ name: 'InputInvalid' });
    },
  );

  it('get their truth by the ids of their answers, and the last one holds', async () => {
    const { ports, all } = await kept({ id: 'a' }, { id: 'b', at: NOW - DAY_MS }, { id: 'c' });
    const said = (...truths: readonly object[]) =>
      joinTruths(ports, 'iris', truths.map((each) => JSON.stringify(each)).join('\n'));

    const first = await said(
      { id: 'a', truth: 'x' },
      { id: 'z', truth: 1 },
      { id: 'b', truth: null },
    );
    await said({ id: 'a', truth: { label: 'y' } });

    expect(first).toEqual({ joined: 2, unknown: ['z'] });
    const found = new Map((await all()).map((each) => [each.id, each]));
    expect(found.get('a')?.truth).toEqual({ label: 'y' });
    expect(found.get('b')?.truth).toBeNull();
    expect(found.get('c')).not.toHaveProperty('truth');
  });

  it('get a truth that is only said again no later than before', async () => {
    const { ports, clock } = await kept({ id: 'a' });
    const said = async (truth: string) => {
      clock.advance(1000);
      await joinTruths(ports, 'iris', JSON.stringify({ id: 'a', truth }));
      for await (const each of ports.keptRequests.of('iris')) return each.saidAtMs;
      return undefined;
    };

    expect(await said('x')).toBe(NOW + 1000);
    expect(await said('x')).toBe(NOW + 1000);
    expect(await said('y')).toBe(NOW + 3000);
  });

  it('keep the truth as sealed as themselves', async () => {
    const { ports } = await kept({ id: 'a' });
    await joinTruths(ports, 'iris', '{"id":"a","truth":"s3cret-truth"}');

    const lines: string[] = [];
    for await (const { text } of ports.keptLines.of('iris', '2026-02-03')) lines.push(text);
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).not.toContain('s3cret');
  });

  it.each(['no json', '{"id": 1, "truth": 2}', '{"id": "a"}', '[]', 'null'])(
    'take no feedback of which a line is %s, and none of the lines before',
    async (line) => {
      const { ports, all } = await kept({ id: 'a' });

      await expect(
        joinTruths(ports, 'iris', `{"id":"a","truth":1}\n${line}`),
      ).rejects.toMatchObject({ name: 'InputInvalid', message: expect.stringContaining('line 2') });
      expect((await all())[0]).not.toHaveProperty('truth');
    },
  );

  it('take no feedback that is too large, or no text', async () => {
    const large = new Blob(['x'.repeat(10_000_001)]).stream();
    const bytes = new Blob([Buffer.from([0xff, 0xfe])]).stream();

    await expect(feedbackText(large)).rejects.toMatchObject({ name: 'InputInvalid' });
    await expect(feedbackText(bytes)).rejects.toMatchObject({ name: 'InputInvalid' });
    expect(await feedbackText(null)).toBe('');
  });

  it('are left out where a line is not what a server sealed', async () => {
    const { ports, all } = await kept({ id: 'a' });
    let line = '';
    for await (const { text } of ports.keptLines.of('iris', '2026-02-03')) line = text;
    const other = { ...JSON.parse(line), rank: 77 };
    await ports.keptLines.add('iris', '2026-02-03', JSON.stringify(other));
    await ports.keptLines.add('iris', '2026-02-03', line.replace('iris-v2', 'wine-v2'));
    await ports.keptLines.add('iris', '2026-02-03', 'anything');

    expect((await all()).map(({ id }) => id)).toEqual(['a']);
  });
});

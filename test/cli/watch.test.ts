import type { Slipway } from '#control/slipway.ts';
import type { CursoredEvent } from '#control/streams.ts';
import type { BuildProgress } from '#domain/build/build-progress.ts';
import type { Output, Room } from '../../src/cli/output.ts';
import { COMMAND } from '../../src/cli/typed.ts';
import { watchDeployments } from '../../src/cli/watch.ts';
import { eventually } from '../support/clock/eventually.ts';

const START_MS = Date.UTC(2026, 10, 27, 8);

/** An event of a deployment, so many seconds after the view was opened. */
function told(deploymentId: string, state: string, atSeconds: number, over: object = {}) {
  const time = new Date(START_MS + atSeconds * 1000).toISOString();
  const detail = { deploymentId, model: deploymentId, version: 1, state, time };
  const rest = { reason: '', fix: '', data: {}, ...over };
  return { 'detail-type': 'Deployment State Change', detail: { ...detail, ...rest } };
}

const drops = [
  told('old', 'Live', -60),
  told('long', 'Admitted', -30),
  told('long', 'Building', -29),
  told('iris', 'Admitted', 1),
  told('iris', 'Building', 2),
  { 'detail-type': 'Version State Change', detail: { model: 'old', state: 'Retired' } },
  told('notes', 'Ignored', 3, { version: null, reason: 'it is no model', fix: 'Drop one.' }),
  told('long', 'Failed', 5, { reason: 'KeyError (predict.py:1)\nmore' }),
];

// When the view is opened.
const KNOWN = 3;

type Seen = {
  lines: string[];
  data: unknown[];
  draw: (() => readonly string[]) | undefined;
  drawnEarly: boolean;
};

/** A view of these events that stays open until it is closed. */
function view(room: Room | null, builds: () => Promise<readonly BuildProgress[]>) {
  const seen: Seen = { lines: [], data: [], draw: undefined, drawnEarly: false };
  const closed = Promise.withResolvers<void>();
  const stopping = new AbortController();
  const output: Output = {
    room: () => room,
    line: (text) => void seen.lines.push(text),
    data: (value) => void seen.data.push(value),
    busy(lines) {
      if (room) seen.draw = () => lines(room);
      return () => {
        seen.draw = undefined;
      };
    },
  };
  async function* events({ follow, after }: { follow: boolean; after?: string | undefined }) {
    const known = drops.slice(0, KNOWN);
    const now = follow ? drops.slice(Number(after)) : known;
    for (const event of now) {
      if (!follow) seen.drawnEarly ||= seen.draw !== undefined;
      yield { cursor: String(KNOWN), event } as unknown as CursoredEvent;
    }
    if (follow) await closed.promise;
  }
  const slipway: Pick<Slipway, 'readEvents' | 'listBuilds' | 'endpoint'> = {
    readEvents: async (query) => events(query),
    listBuilds: async () => ({ builds: await builds() }),
    endpoint: (model) => `http://here/models/${model}`,
  };
  const watching = watchDeployments(slipway, {
    output,
    sinceMs: () => START_MS,
    until: stopping.signal,
  });
  return {
    seen,
    async close() {
      closed.resolve();
      await watching;
    },
    /** Cuts the connection while the events are read, as a stop does. */
    async stop() {
      stopping.abort();
      closed.reject(new Error('terminated'));
      await watching;
    },
  };
}

const ENDED = [
  '  0.00 s  Ignored      notes\n          it is no model\n          → Drop one.',
  ` 35.00 s  Failed       long v1\n          KeyError (predict.py:1)\n          → All of it: \`${COMMAND} logs long\``,
];

describe('what Slipway shows while it serves', () => {
  it('has on a terminal a plain line for what has ended, and a live one for what runs', async () => {
    const build = { deploymentId: 'iris', place: null, leftMs: null, lines: ['not here'] };
    const { seen, close } = view({ columns: 80, rows: 24 }, async () => [
      { ...build, stage: 'installing 14 of 31 packages' },
    ]);

    await eventually(() => seen.draw?.().some((line) => line.includes('14 of 31 packages')));
    const drawn = seen.draw?.();
    await close();

    expect(seen.lines).toEqual(ENDED);
    expect(drawn).toEqual([expect.stringMatching(/^iris v1 .* installing 14 of 31 packages$/)]);
    expect(seen.draw).toBeUndefined();
  });

  it('draws nothing before it knows what has ended already', async () => {
    const { seen, close } = view({ columns: 80, rows: 24 }, async () => []);

    await eventually(() => seen.draw?.().length === 1);
    await close();

    expect(seen.drawnEarly).toBe(false);
  });

  it('goes on with what it knows when it cannot ask how builds stand', async () => {
    let asked = 0;
    const { seen, close } = view({ columns: 80, rows: 24 }, async () => {
      asked += 1;
      throw new Error('no answer');
    });

    await eventually(() => asked > 1);
    const drawn = seen.draw?.();
    await close();

    expect(drawn).toEqual([expect.stringMatching(/^iris v1 .* building$/)]);
  });

  it('has elsewhere a plain line for each change of phase, and asks for nothing else', async () => {
    let asked = 0;
    const { seen, close } = view(null, async () => {
      asked += 1;
      return [];
    });

    await eventually(() => seen.lines.length === 4);
    await close();

    expect(seen.lines).toEqual([
      '  0.00 s  Admitted     iris v1',
      '  1.00 s  Building     iris v1',
      ...ENDED,
    ]);
    expect(seen.data).toHaveLength(4);
    expect(asked).toBe(0);
  });

  it('ends without a word when Slipway stops, which cuts the connection', async () => {
    const { seen, stop } = view(null, async () => []);
    await eventually(() => seen.lines.length === 4);

    await expect(stop()).resolves.toBeUndefined();

    expect(seen.lines).toHaveLength(4);
  });
});

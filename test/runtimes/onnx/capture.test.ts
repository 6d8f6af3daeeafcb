import { newRing, publicKeys } from '#adapters/capture/key-rings.ts';
import { captureVariable } from '#domain/capture/plan.ts';
import { openCapture } from '../../../runtimes/onnx/capture/capture.ts';
import { readCapture } from '../../../runtimes/onnx/capture/config.ts';

const PLAN = {
  keys: publicKeys(newRing()),
  requestsPerHour: 3,
  megabytes: 1,
  days: 1,
  private: [],
};
const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-02-03T10:15:00Z');
const FIELDS = { inputs: ['x'], outputs: ['y'], hasTask: false };

/** A server that keeps by this plan, with these ranks one after another. */
function keeping({ ranks = [] as readonly number[], plan = {} } = {}) {
  const config = readCapture(captureVariable({ ...PLAN, ...plan }));
  if (!config) throw new Error('it keeps nothing');
  const lines: { rank?: number; hour: number; counts: Record<string, number> }[] = [];
  const timers: (() => void)[] = [];
  let nowMs = NOW;
  let drawn = 0;
  const capture = openCapture(config, 'm-v1', {
    write: (line) => void lines.push(JSON.parse(line)),
    now: () => nowMs,
    draw: () => ranks[drawn++] ?? drawn,
    later: (_ms, act) => void timers.push(act),
  });
  return {
    capture,
    lines,
    elapse(ms: number) {
      nowMs += ms;
      for (const act of timers.splice(0)) act();
    },
    ask(body = '{"inputs":[1]}', fields = () => FIELDS) {
      const draw = capture.draw('id');
      const answered = { id: 'id', caller: '', path: '/invocations', type: 'application/json' };
      const bytes = { body: Buffer.from(body), answer: Buffer.from('{"predictions":[1]}') };
      if (draw) capture.keep(draw, { ...answered, ...bytes }, fields);
      return draw !== undefined;
    },
  };
}

describe('what the ONNX server keeps', () => {
  it('is as many of an hour as may be, and a lower rank later on', () => {
    const { ask, lines } = keeping({ ranks: [50, 40, 30, 60, 10, 45] });

    expect(Array.from({ length: 6 }, () => ask())).toEqual([true, true, true, false, true, false]);
    expect(lines.map(({ rank }) => rank)).toEqual([50, 40, 30, 10]);
  });

  it('begins anew each hour, and what was counted is told before', () => {
    const { ask, lines, elapse } = keeping({ ranks: [1, 2, 3, 4, 5] });
    for (let index = 0; index < 4; index += 1) ask();

    elapse(HOUR_MS);
    ask();

    expect(lines.map(({ rank, hour }) => [rank, hour - Math.floor(NOW / HOUR_MS)])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [undefined, 0],
      [5, 1],
    ]);
    expect(lines.map(({ counts }) => counts['seen'])).toEqual([1, 2, 3, 4, 1]);
  });

  it('is counted a minute later, also where nothing is kept', () => {
    const { ask, lines, elapse, capture } = keeping();
    ask('{"other":[1]}');
    ask('no json');
    expect(lines).toEqual([]);

    elapse(60_000);
    capture.flush();

    expect(lines.map(({ counts }) => counts)).toEqual([
      expect.objectContaining({ seen: 2, kept: 0, form: 2, failed: 0 }),
    ]);
  });

  it('takes no more bytes of an hour than its part', () => {
    const megabytes = 1;
    const { ask, lines, capture } = keeping({ plan: { megabytes, requestsPerHour: 100 } });
    const most = (megabytes * 1e6) / 24;
    const noise = () => Array.from({ length: 3000 }, () => Math.random());

    for (let index = 0; index < 10; index += 1) ask(JSON.stringify({ inputs: noise() }));
    capture.flush();

    const bytes = lines.reduce((sum, line) => sum + JSON.stringify(line).length, 0);
    expect(bytes).toBeLessThanOrEqual(most);
    expect(lines.at(-1)?.counts['full']).toBeGreaterThan(5);
  });

  it.each([
    [
      'it has no key of the day',
      { plan: { keys: Buffer.alloc(992).toString('base64') } },
      undefined,
    ],
    [
      'the fields are not known',
      {},
      () => {
        throw new Error('no model is loaded');
      },
    ],
  ])('is nothing where %s, and no request fails by that', (_, given, fields) => {
    const { ask, lines, capture } = keeping(given);

    expect(() => ask('{"inputs":[1]}', fields)).not.toThrow();
    capture.flush();

    expect(lines.map(({ counts }) => counts)).toEqual([
      expect.objectContaining({ seen: 1, kept: 0, failed: 1 }),
    ]);
  });

  it.each([
    '{}',
    'x',
    '{"keys":"AAAA","requests":1,"bytes":1,"days":1,"private":[]}',
    '[]',
    'null',
  ])('is not configured by %s', (value) => {
    expect(() => readCapture(value)).toThrow('CAPTURE takes JSON with 31 public keys');
    expect(readCapture('')).toBeNull();
  });
});

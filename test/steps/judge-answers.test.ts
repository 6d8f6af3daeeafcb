import type { KeptRequest } from '#domain/capture/kept-request.ts';
import { Failure } from '#domain/failure.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import { judgeBake } from '#steps/judge-bake.ts';
import { type Asked, answered } from '../support/memory/prober.ts';
import { identityModel } from '../support/models/onnx.ts';
import { type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const OF_4 = identityModel({ datatype: 'FP32', shape: ['n', 4] });
const ALSO_OF_4 = identityModel({ datatype: 'FP32', shape: ['rows', 4] });
const CAPTURE = 'capture: {}\n';

const row = (index: number) => [index, 2 * index + 1, 7 - index, 1];
const tensor = (name: string, data: readonly number[]) => ({
  ...{ name, datatype: 'FP32', shape: [1, data.length] },
  data,
});
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

type Computed = (value: number) => number;
const computes = (f: Computed) => (asked: Asked) => {
  if (asked === 'ready') return answered(200);
  const { inputs } = asked.body as { inputs: { shape: number[]; data: number[] }[] };
  const [{ shape = [], data = [] } = {}] = inputs;
  const output = { name: 'y', datatype: 'FP32', shape, data: data.map(f) };
  return answered(200, { outputs: [output] });
};
const same: Computed = (value) => value;
const tenfold: Computed = (value) => 10 * value;
const sometimesMore: Computed = (value) => (value % 5 === 0 ? value + 3 : value);

/** A request that a client sent to one of the versions, and what it got. */
const kept = (index: number, version: number, at: number, f: Computed): KeptRequest => ({
  id: `request-${version}-${index}`,
  ...{ at, version },
  path: '/v2/models/digits/infer',
  contentType: 'application/json',
  body: bytes({ inputs: [tensor('x', row(index))] }),
  answer: bytes({ outputs: [tensor('y', row(index).map(f))] }),
});

type Given = {
  readonly manifest?: string;
  readonly candidate?: Uint8Array;
};

/** An upgrade that is over its time, of which nothing was known before the shift. */
async function baked({ manifest = CAPTURE, candidate = ALSO_OF_4 }: Given = {}) {
  const world = memoryWorld({ lateMs: 0 });
  world.behave('digits-v1', computes(same));
  world.behave('digits-v2', computes(same));
  await world.deploy(world.upload({ bytes: OF_4 }));
  const held = await world.before('JudgeBake', world.upload({ bytes: candidate, manifest }));
  const shiftedAtMs = world.clock.now();
  world.clock.advance(200_000);
  return { world, held, shiftedAtMs };
}

/** The verdict on it by these requests; `sent` are those that the judge of answers sent, without the burst of probes. */
async function judgedBy(
  { world, held }: Pick<Awaited<ReturnType<typeof baked>>, 'world' | 'held'>,
  requests: readonly KeptRequest[],
  deps: Partial<MemoryWorld['deps']> = {},
) {
  const keptRequests: KeptRequests = {
    async *of(_, __, sinceMs = 0) {
      yield* requests.filter(({ at }) => at >= sinceMs);
    },
  };
  const before = world.prober.sent.length;
  const { kind } = await judgeBake({ ...world.deps, keptRequests, ...deps })({
    ...held,
    attempt: 0,
  });
  const record = await world.recordOf(held);
  const sent = world.prober.sent.slice(before).filter(({ asked }) => isOfClient(asked));
  const finding = record.work.bake?.judges?.find(({ judge }) => judge === 'answers');
  return { kind, finding, trouble: record.trouble, sent };
}

/** No probe has such a row. */
function isOfClient(asked: Asked): boolean {
  return asked !== 'ready' && JSON.stringify(asked.body).includes(',7,');
}

const since = (count: number, version: number, at: number, f: Computed) =>
  Array.from({ length: count }, (_, index) => kept(index, version, at, f));

describe('what clients got in a bake', () => {
  it('is a breach where the new version answered them in another unit, with the cause and the remedy', async () => {
    const { shiftedAtMs, ...upgrade } = await baked();

    const { kind, trouble } = await judgedBy(upgrade, since(40, 2, shiftedAtMs + 1000, tenfold));

    expect(kind).toBe('breach');
    expect(trouble).toMatchObject({
      name: 'BakeBreached',
      reason: expect.stringMatching(
        /^what clients got since the shift is broken, compared with version 1: .* is about 10 × that of before/,
      ),
      fix: expect.stringContaining('gate: { replaces: 1 }'),
    });
  });

  it('is not asked of the new version again, but of the version before', async () => {
    const { shiftedAtMs, ...upgrade } = await baked();

    const { kind, finding, sent } = await judgedBy(upgrade, since(40, 2, shiftedAtMs + 1000, same));

    expect(kind).toBe('done');
    expect(finding).toEqual({
      judge: 'answers',
      verdict: 'passed',
      reason:
        'what clients got since the shift is same, compared with version 1: all of 40 kept requests are answered as before',
    });
    expect(new Set(sent.map(({ revision }) => revision))).toEqual(new Set(['digits-v1']));
  });

  it('is asked of the new version where the version before gave the answer', async () => {
    const { shiftedAtMs, ...upgrade } = await baked();
    upgrade.world.behave('digits-v2', computes(tenfold));

    const { sent } = await judgedBy(upgrade, since(40, 1, shiftedAtMs + 1000, same));

    expect(new Set(sent.map(({ revision }) => revision))).toContain('digits-v2');
  });

  it('counts only from the shift on', async () => {
    const { shiftedAtMs, ...upgrade } = await baked();

    const { kind, finding } = await judgedBy(upgrade, since(40, 2, shiftedAtMs - 1, tenfold));

    expect(kind).toBe('done');
    expect(finding).toMatchObject({
      verdict: 'unproven',
      reason: 'no request since the shift was kept',
    });
  });

  it('is compared once, and the record has what was found', async () => {
    const { shiftedAtMs, ...upgrade } = await baked();
    const requests = since(40, 2, shiftedAtMs + 1000, same);
    const first = await judgedBy(upgrade, requests);

    const again = await judgedBy(upgrade, requests);

    expect(again).toMatchObject({ kind: 'done', finding: first.finding, sent: [] });
  });

  it('does not decide where it is little', async () => {
    const { shiftedAtMs, ...upgrade } = await baked();

    const { kind, finding } = await judgedBy(upgrade, since(3, 2, shiftedAtMs + 1000, same));

    expect(kind).toBe('done');
    expect(finding).toMatchObject({
      verdict: 'unproven',
      reason:
        '3 requests since the shift were compared, 0 of them answered otherwise, which does not decide',
    });
  });

  it('fails the step where it cannot be read, so that it is tried again, and nothing is recorded', async () => {
    const { world, held } = await baked();
    const unreadable: KeptRequests = {
      // biome-ignore lint/correctness/useYield: it fails before the first.
      async *of() {
        throw new Failure('PlatformDenied', 'the keys may not be read');
      },
    };

    const judged = judgedBy({ world, held }, [], { keptRequests: unreadable });

    await expect(judged).rejects.toThrow('the keys may not be read');
    expect((await world.recordOf(held)).work.bake?.judges).toBeUndefined();
  });

  it('is found the same to the letter where the step died before it was recorded', async () => {
    const { shiftedAtMs, ...upgrade } = await baked();
    const calm = await baked();
    const requests = since(60, 2, shiftedAtMs + 1000, sometimesMore);
    const dying = {
      ...upgrade.world.registry,
      async recordLook() {
        throw new Error('killed');
      },
    };
    await expect(judgedBy(upgrade, requests, { registry: dying })).rejects.toThrow('killed');

    const { finding } = await judgedBy(upgrade, requests);

    expect(finding?.reason).toContain('is changed');
    expect(finding).toEqual((await judgedBy(calm, requests)).finding);
  });

  it('is not compared before the time of the bake is over', async () => {
    const world = memoryWorld({ lateMs: 0 });
    await world.deploy(world.upload({ bytes: OF_4 }));
    const held = await world.before(
      'JudgeBake',
      world.upload({ bytes: ALSO_OF_4, manifest: CAPTURE }),
    );

    const { kind, sent } = await judgedBy(
      { world, held },
      since(40, 2, world.clock.now() + 1, tenfold),
    );

    expect({ kind, sent }).toEqual({ kind: 'baking', sent: [] });
  });

  it.each([
    ['warn', 'passed', 'done'],
    ['block', 'breach', 'breach'],
    ['ask', 'breach', 'breach'],
  ])('that is changed is judged by gate.changed, %s: %s', async (changed, verdict, kind) => {
    const { shiftedAtMs, ...upgrade } = await baked({
      manifest: `${CAPTURE}gate: { changed: ${changed} }`,
    });

    const judged = await judgedBy(upgrade, since(60, 2, shiftedAtMs + 1000, sometimesMore));

    expect(judged).toMatchObject({
      kind,
      finding: { verdict, reason: expect.stringMatching(/^what clients got .* is changed/) },
    });
  });

  it.each([
    ['changed', sometimesMore, {}, 'done'],
    ['broken', tenfold, {}, 'breach'],
    ['broken', tenfold, { isForced: true }, 'done'],
  ])('that is %s passes where a person has approved as much', async (_, f, force, kind) => {
    const { shiftedAtMs, ...upgrade } = await baked({
      manifest: `${CAPTURE}gate: { changed: ask, broken: ask }`,
    });
    await upgrade.world.registry.recordWork(upgrade.held, {
      clearance: { verdict: 'approved', digest: 'digits-v2', by: 'ann', atMs: 0, ...force },
    });

    const judged = await judgedBy(upgrade, since(60, 2, shiftedAtMs + 1000, f));

    expect(judged.kind).toBe(kind);
  });

  it.each([
    ['capture is off, so none that clients got are kept', { manifest: '' }],
    [
      'gate.replay is false, so no request of clients is sent again',
      { manifest: `${CAPTURE}gate: { replay: false }` },
    ],
  ])('holds nobody back where it is not known: %s', async (reason, given) => {
    const { shiftedAtMs, ...upgrade } = await baked(given);

    const judged = await judgedBy(upgrade, since(40, 2, shiftedAtMs + 1000, tenfold));

    expect(judged).toMatchObject({
      kind: 'done',
      finding: { verdict: 'unproven', reason },
      sent: [],
    });
  });

  it('is that of the same bytes where a version comes again', async () => {
    const { shiftedAtMs, ...upgrade } = await baked({ candidate: OF_4 });

    const judged = await judgedBy(upgrade, since(40, 2, shiftedAtMs + 1000, tenfold));

    expect(judged).toMatchObject({
      kind: 'done',
      finding: { verdict: 'passed', reason: 'it serves the same bytes as the version before' },
    });
  });

  it('is compared with nothing for a first version, and for one that was live before', async () => {
    const world = memoryWorld({ lateMs: 0 });
    const first = await world.before('JudgeBake', world.upload({ bytes: OF_4 }));
    world.clock.advance(200_000);
    const alone = await judgedBy({ world, held: first }, []);

    const live = memoryWorld({ lateMs: 0 });
    await live.deploy(live.upload({ bytes: OF_4, manifest: CAPTURE }));
    await live.deploy(live.upload({ bytes: ALSO_OF_4, manifest: CAPTURE }));
    const back = await live.before('JudgeBake', live.rollback());
    live.clock.advance(200_000);
    const again = await judgedBy({ world: live, held: back }, []);

    expect([alone.finding?.reason, again.finding?.reason]).toEqual([
      'there is no other version to compare them with',
      'it was live before, and is not compared',
    ]);
  });
});

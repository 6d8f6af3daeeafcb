import type { KeptRequest } from '#domain/capture/kept-request.ts';
import { comparisonView } from '#operations/models/diff-versions.ts';
import { compareAnswers } from '#steps/compare-answers.ts';
import { type Asked, answered } from '../support/memory/prober.ts';
import { identityModel } from '../support/models/onnx.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

const LIVE = identityModel({ datatype: 'FP32', shape: ['n', 4] });
const CANDIDATE = identityModel({ datatype: 'FP32', shape: ['rows', 4] });

const row = (index: number) => [index, 2 * index + 1, 7 - index, 1];
const request = (index: number) => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: row(index) }],
});
const lines = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) =>
    JSON.stringify({ request: request(from + index) }),
  ).join('\n');

const computes = (f: (value: number) => number) => (asked: Asked) => {
  if (asked === 'ready') return answered(200);
  const { inputs } = asked.body as { inputs: { shape: number[]; data: number[] }[] };
  const [{ shape = [], data = [] } = {}] = inputs;
  return answered(200, {
    outputs: [{ name: 'y', datatype: 'FP32', shape, data: data.map(f) }],
  });
};
const same = computes((value) => value);
const otherUnit = computes((value) => value * 100);

const kept = (index: number, at: number): KeptRequest => ({
  id: `request-${index}`,
  at,
  version: 1,
  path: '/v2/models/digits/infer',
  contentType: 'application/json',
  body: Buffer.from(JSON.stringify(request(index))),
  answer: Buffer.from(
    JSON.stringify({
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 4], data: row(index) }],
    }),
  ),
});

/** A model whose live version has these examples; each drop is compared and, where it is blocked, ends. */
async function model(examples = lines(60)) {
  const world = memoryWorld();
  const sent: KeptRequest[] = [];
  const keptRequests = {
    async *of() {
      yield* sent;
    },
  };
  world.behave('digits-v1', same);
  await world.deploy(world.upload({ bytes: LIVE, examples }));
  let version = 1;
  const drop = async (
    answers: (asked: Asked) => ReturnType<typeof answered>,
    more: Parameters<typeof world.upload>[0] = {},
  ) => {
    version += 1;
    world.behave(`digits-v${version}`, same);
    const held = await world.before('CompareAnswers', world.upload({ bytes: CANDIDATE, ...more }));
    world.behave(`digits-v${version}`, answers);
    const asked = world.prober.sent.length;
    const deps = { ...world.deps, keptRequests };
    const { kind } = await compareAnswers(deps)({ ...held, attempt: 0 });
    const { comparison } = (await world.recordOf(held)).work;
    const requests = world.prober.sent.length - asked;
    await world.steps.Compensate({ ...held, error: { Error: '', Cause: '' } });
    await world.steps.ReleaseLease(held);
    return { kind, comparison, requests, id: held.deploymentId };
  };
  return { world, sent, drop };
}

describe('the same bytes that are dropped again', () => {
  it('have the verdict of before, without a request, and the reason says so', async () => {
    const { drop } = await model();
    const first = await drop(otherUnit);

    const second = await drop(same);

    expect(first).toMatchObject({ kind: 'blocked', comparison: { verdict: 'broken' } });
    expect(second).toMatchObject({ kind: 'blocked', requests: 0 });
    expect(second.comparison).toMatchObject({
      verdict: 'broken',
      answers: first.comparison?.answers,
      earlier: { deploymentId: first.id, version: 2, fresh: 0 },
    });
    expect(second.comparison?.reason).toMatch(
      /; the same was found for version 2, and is looked for again after 100 new requests, of which 0 have come$/,
    );
  });

  it('never pass, however often they come and whatever they answer by then', async () => {
    const { drop } = await model();
    await drop(otherUnit);

    const kinds = new Set<string>();
    for (let again = 0; again < 20; again += 1) kinds.add((await drop(same)).kind);

    expect([...kinds]).toEqual(['blocked']);
  });

  it('are asked again once 100 new requests of clients have come, each counted once', async () => {
    const { world, sent, drop } = await model();
    await drop(otherUnit);
    world.clock.advance(60_000);
    const at = world.clock.now();
    for (let index = 100; index < 199; index += 1) {
      sent.push(kept(index, at), kept(index, at));
    }

    expect(await drop(same)).toMatchObject({ requests: 0, comparison: { earlier: { fresh: 99 } } });
    sent.push(kept(199, at));
    const judged = await drop(same);

    expect(judged).toMatchObject({ kind: 'passed', comparison: { verdict: 'same' } });
    expect(judged.comparison).not.toHaveProperty('earlier');
    expect(judged.requests).toBeGreaterThan(100);
  });

  it('count no request as new that was sent before, also if it is sent again', async () => {
    const { world, sent, drop } = await model();
    const atMs = world.clock.now();
    for (let index = 100; index < 300; index += 1) sent.push(kept(index, atMs));
    await drop(otherUnit);
    world.clock.advance(60_000);
    for (let index = 100; index < 300; index += 1) sent.unshift(kept(index, world.clock.now()));

    expect(await drop(same)).toMatchObject({ requests: 0, comparison: { earlier: { fresh: 0 } } });
  });

  it('are asked again once they come with 100 new examples, and not with fewer', async () => {
    const { drop } = await model();
    await drop(otherUnit);

    const few = await drop(same, { examples: `${lines(99, 500)}\n${lines(60)}` });
    const enough = await drop(same, { examples: lines(100, 500) });

    expect(few).toMatchObject({ requests: 0, comparison: { earlier: { fresh: 99 } } });
    expect(enough).toMatchObject({ kind: 'passed', comparison: { verdict: 'same' } });
  });

  it('are judged by the manifest that they come with now', async () => {
    const { drop } = await model();
    await drop(otherUnit);

    const warned = await drop(same, { manifest: 'gate: { broken: warn }' });

    expect(warned).toMatchObject({
      kind: 'passed',
      requests: 0,
      comparison: { verdict: 'broken', decision: 'passed' },
    });
  });

  it('are asked again where their manifest has them served otherwise', async () => {
    const { drop } = await model();
    await drop(otherUnit);

    const served = await drop(same, { manifest: 'server: { aliases: [other] }' });

    expect(served.requests).toBeGreaterThan(60);
  });

  it('are asked again where too little was known to judge them', async () => {
    const { drop } = await model(lines(5));

    const first = await drop(same);
    const second = await drop(same);

    expect(first).toMatchObject({ comparison: { verdict: 'unproven' } });
    expect(second.requests).toBe(first.requests);
  });

  it('take no example for new where the files of before are gone', async () => {
    const { world, drop } = await model();
    const first = await drop(otherUnit, { examples: lines(10, 300) });
    const { artifact } = await world.recordOf({ deploymentId: first.id });
    const file = artifact.parts.find(({ name }) => name === 'examples.jsonl');
    if (!file) throw new Error('it has a file of examples');
    world.store.expire({ bucket: artifact.bucket, ...file });

    const again = await drop(same, { examples: lines(200, 700) });

    expect(again).toMatchObject({ kind: 'blocked', comparison: { earlier: { fresh: 0 } } });
  });

  describe('with other expectations of their owner', () => {
    const WRONG = { expect: { outputs: [{ name: 'y', data: [9, 9, 9, 9] }] } };
    const right = (index: number) => ({ expect: { outputs: [{ name: 'y', data: row(index) }] } });
    const told = (expected: (index: number) => object, count = 30) =>
      Array.from({ length: count }, (_, index) =>
        JSON.stringify({ request: request(index), ...expected(index) }),
      );
    const file = (expected: (index: number) => object) => ({ examples: told(expected).join('\n') });
    const wrong = file(() => WRONG);

    it('are judged anew once an example says what they answer, and the reason says so', async () => {
      const { drop } = await model();

      const first = await drop(same, wrong);
      const second = await drop(same, file(right));

      expect(first).toMatchObject({ kind: 'blocked', comparison: { verdict: 'broken' } });
      expect(second).toMatchObject({
        kind: 'passed',
        comparison: { verdict: 'same', answers: { signs: [] }, earlier: { version: 2 } },
      });
      expect(second.requests).toBeGreaterThan(0);
      expect(second.comparison?.reason).toMatch(
        /; all but what its owner expects was found for version 2, and is looked for again after 100 new requests, of which 0 have come$/,
      );
    });

    it('have no part in events or answers of the control API that the gate alone needs', async () => {
      const { world, drop } = await model();

      const { comparison, id } = await drop(same, wrong);

      expect(comparison?.answers.unmet).toBe(comparison?.answers.signs[0]);
      const shown = comparisonView(comparison!, { work: {} });
      const told = (await world.told(id)).find(({ data }) => data?.['answers']);
      expect(shown.answers).not.toHaveProperty('unmet');
      expect(told?.data?.['answers']).toMatchObject({ signs: comparison?.answers.signs });
      expect(told?.data?.['answers']).not.toHaveProperty('unmet');
    });

    it('are found broken where a known request gets an expectation that they do not meet', async () => {
      const { drop } = await model();

      const first = await drop(same);
      const second = await drop(same, wrong);

      expect(first).toMatchObject({ kind: 'passed', comparison: { verdict: 'same' } });
      expect(second).toMatchObject({ kind: 'blocked', comparison: { verdict: 'broken' } });
    });

    it('keep their verdict where the examples are in another order, or come with new ones that expect nothing', async () => {
      const { drop } = await model();
      await drop(same, wrong);

      const turned = await drop(same, {
        examples: told(() => WRONG)
          .toReversed()
          .join('\n'),
      });
      const more = await drop(same, { examples: `${wrong.examples}\n${lines(50, 700)}` });

      expect([turned, more]).toMatchObject([
        { kind: 'blocked', requests: 0 },
        { kind: 'blocked', requests: 0 },
      ]);
    });

    it('stay broken by all that nobody has to expect, however often the expectations change', async () => {
      const { drop } = await model();
      await drop(otherUnit, wrong);

      const kinds = new Set<string>();
      for (let again = 0; again < 20; again += 1) {
        const { kind, requests } = await drop(
          same,
          file((index) => right(index + again)),
        );
        kinds.add(`${kind} ${requests}`);
      }

      expect([...kinds]).toEqual(['blocked 0']);
    });

    it('keep the share that was answered otherwise', async () => {
      const { drop } = await model();
      const policy = { manifest: 'gate: { changed: block }' };
      const moved = computes((value) => (value > 80 ? value + 1 : value));

      const first = await drop(moved, policy);
      const second = await drop(same, { ...policy, ...file(right) });

      expect(first).toMatchObject({ kind: 'blocked', comparison: { verdict: 'changed' } });
      expect(second).toMatchObject({
        kind: 'blocked',
        comparison: { verdict: 'changed', answers: { kept: first.comparison?.answers.kept } },
      });
    });

    const far = computes((value) => value + 12);
    const truths = (moved: number) =>
      file((index) => ({ truth: row(index).map((value) => value + moved) }));

    it('are judged anew by a truth that was corrected', async () => {
      const { drop } = await model();

      const first = await drop(far, truths(0));
      const second = await drop(far, truths(12));

      expect(first).toMatchObject({ kind: 'blocked', comparison: { level: 'truth' } });
      expect(second).toMatchObject({
        kind: 'passed',
        comparison: { verdict: 'changed', level: 'truth' },
      });
    });

    it('are judged anew by another measure of the truth', async () => {
      const { drop } = await model();
      const first = await drop(far, truths(0));

      const second = await drop(far, { ...truths(0), manifest: 'gate: { truth: { margin: 1 } }' });

      expect(first.comparison).toMatchObject({ verdict: 'broken', level: 'truth' });
      expect(second).toMatchObject({ kind: 'passed', comparison: { level: 'truth' } });
    });

    it('are judged anew where more of the expectations may be missed', async () => {
      const { drop } = await model();
      const few = file((index) => (index < 3 ? WRONG : right(index)));

      const first = await drop(same, few);
      const second = await drop(same, { ...few, manifest: 'gate: { expect: { changed: 0.2 } }' });

      expect(first).toMatchObject({ kind: 'blocked', comparison: { verdict: 'broken' } });
      expect(second).toMatchObject({ kind: 'passed', comparison: { verdict: 'same' } });
    });
  });

  describe('with other declarations of their owner', () => {
    const cents = { manifest: 'gate: { expect: { outputs: { y: { scale: 100 } } } }' };

    it('are compared anew once their unit is declared, and the reason says so', async () => {
      const { drop } = await model();

      const first = await drop(otherUnit);
      const second = await drop(otherUnit, cents);

      expect(first).toMatchObject({ kind: 'blocked', comparison: { verdict: 'broken' } });
      expect(second).toMatchObject({
        kind: 'passed',
        comparison: { verdict: 'same', answers: { signs: [], kept: { changed: 0 } } },
      });
      expect(second.comparison?.reason).toContain(
        '; gate.expect declares: "y" is 100 × that of before; all but what gate.expect declares was found for version 2',
      );
    });

    it('stay broken where the unit is another than the declared one, until that is corrected', async () => {
      const { drop } = await model();

      const first = await drop(otherUnit, {
        manifest: 'gate: { expect: { outputs: { y: { scale: 10 } } } }',
      });
      const second = await drop(otherUnit, cents);
      const third = await drop(otherUnit, { manifest: 'gate: { expect: { changed: 1 } }' });

      expect(first.comparison).toMatchObject({ verdict: 'broken' });
      expect(first.comparison?.reason).toContain(
        '"y" is declared as 10 × that of before, but it is about 100 × that of before',
      );
      expect(second).toMatchObject({ kind: 'passed', comparison: { verdict: 'same' } });
      expect(third).toMatchObject({ kind: 'blocked', comparison: { verdict: 'broken' } });
    });

    it('are compared anew by another tolerance', async () => {
      const { drop } = await model();
      const near = computes((value) => value * 1.01);

      const first = await drop(near, { manifest: 'gate: { changed: block }' });
      const second = await drop(near, {
        manifest: 'gate: { changed: block, expect: { tolerance: 0.02 } }',
      });

      expect(first).toMatchObject({ kind: 'blocked', comparison: { verdict: 'changed' } });
      expect(second).toMatchObject({ kind: 'passed', comparison: { verdict: 'same' } });
    });

    it('stay broken by a fault that nobody can declare', async () => {
      const { drop } = await model();
      await drop(computes(() => 7));

      expect(await drop(same, cents)).toMatchObject({ kind: 'blocked', requests: 0 });
    });
  });

  describe('with feedback on requests that were sent before', () => {
    const far = computes((value) => value + 12);
    /** A verdict on requests of clients, of which so many had a truth, and what the next drop gets once more of them have one. */
    const labelled = async (
      before: number,
      since: number,
      first: Parameters<Awaited<ReturnType<typeof model>>['drop']>[0] = far,
    ) => {
      const { world, sent, drop } = await model(lines(1));
      const at = world.clock.now();
      world.clock.advance(1000);
      const truthOf = (index: number) => ({ truth: row(index), saidAtMs: world.clock.now() });
      const all = Array.from({ length: 200 }, (_, index) => index + 300);
      sent.push(
        ...all.map((index, place) => ({
          ...kept(index, at),
          ...(place < before && truthOf(index)),
        })),
      );
      const judged = await drop(first);
      world.clock.advance(60_000);
      for (const [place, index] of all.entries()) {
        if (place >= before && place < before + since) {
          sent[place] = { ...kept(index, at), ...truthOf(index) };
        }
      }
      return { judged, again: await drop(first) };
    };

    it.each([
      ['20 where none was known', 0, 20],
      ['100 where some were', 60, 100],
    ])('are judged by the truth once it came for %s', async (_, before, since) => {
      const { judged, again } = await labelled(before, since);
      const { again: fewer } = await labelled(before, since - 1);

      expect(again.requests).toBeGreaterThan(0);
      expect(again.comparison?.answers.truth?.rows).toBe((before + since) * 4);
      expect(again.comparison?.answers.share).toEqual(judged.comparison?.answers.share);
      expect(fewer).toMatchObject({ requests: 0, comparison: { earlier: { fresh: 0 } } });
    });

    it('are broken once it shows that they are worse', async () => {
      const { judged, again } = await labelled(0, 150);

      expect(judged).toMatchObject({ kind: 'passed', comparison: { verdict: 'changed' } });
      expect(again).toMatchObject({
        kind: 'blocked',
        comparison: { verdict: 'broken', level: 'truth', earlier: { isExpectedAnew: true } },
      });
    });

    it('stay broken by another sign, whatever the truth is', async () => {
      const { again } = await labelled(0, 200, otherUnit);

      expect(again).toMatchObject({ kind: 'blocked', requests: 0 });
    });
  });

  it('are asked again where a server failed instead of refusing, as it does without memory', async () => {
    const { drop } = await model();
    const fails = (asked: Asked) =>
      asked === 'ready' ? answered(200) : answered(500, 'out of memory');

    const first = await drop(fails);
    const second = await drop(same, { manifest: 'resources: { memory: 2Gi }' });

    expect(first).toMatchObject({ kind: 'blocked', comparison: { verdict: 'broken' } });
    expect(second).toMatchObject({ kind: 'passed', comparison: { verdict: 'same' } });
  });

  it('keep the verdict where a request was refused, also if a server failed at another', async () => {
    const { drop } = await model();
    let turn = 0;
    const refuses = (asked: Asked) => {
      turn += 1;
      return asked === 'ready' ? answered(200) : answered(turn % 2 ? 400 : 500, 'no');
    };
    await drop(refuses);

    expect(await drop(same)).toMatchObject({ kind: 'blocked', requests: 0 });
  });
});

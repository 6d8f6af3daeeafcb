import { join } from 'node:path';
import { asWritten, type Claim, otherwise } from '#operations/evidence/claim.ts';
import { modelOn, prove } from '#operations/evidence/prove.ts';
import { SAMPLE_REQUEST, writeSample } from '#operations/evidence/sample.ts';
import { oneMachineAt } from '../../src/cli/one-machine.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

/** The answers that callers got after each move, by the version that answered. */
const MOVES: Claim = {
  row: 'moves',
  look: async ({ answers, at, model }) => {
    const between = (from: number, to: number) =>
      new Set(
        answers
          .filter(({ sentMs }) => sentMs > from && sentMs < to)
          .map(({ revision }) => revision),
      );
    const upgraded = [...between(at.upgraded, at.asked)];
    const back = [...between(at.rolledBack, Number.POSITIVE_INFINITY)];
    const what = JSON.stringify({ upgraded, back });
    const right = JSON.stringify({ upgraded: [`${model}-v2`], back: [`${model}-v1`] });
    return what === right ? asWritten(what) : otherwise(what);
  },
};
const BROKEN: Claim = { row: 'broken', look: async () => Promise.reject(new Error('no answer')) };

it('a proof on a real Slipway: two targets, an upgrade and a rollback under traffic, and nothing lost', async () => {
  await using folder = await temporaryFolder();
  let slipway: RunningSlipway | undefined;
  const told: string[] = [];
  const call = (model: string) => slipway!.infer(model, SAMPLE_REQUEST);

  const { acts, findings, requests, leftovers } = await prove(
    {
      inventory: async () => (slipway?.process.exitCode === null ? ['process slipway'] : []),
      async deploy() {
        slipway = await startSlipway(join(folder.path, 'data'));
      },
      open: async () => ({
        slipway: oneMachineAt(slipway!),
        stage: 'proof',
        outputs: {} as never,
        client: () => undefined as never,
        ask: async () => Response.error(),
        call,
      }),
      sample: (target, version) =>
        writeSample(folder.path, { name: modelOn(target), target, version }),
      async *uninstall() {
        await slipway!.stop();
        yield { what: 'the process', reason: '' };
      },
    },
    {
      targets: ['lambda', 'fargate'],
      claims: [MOVES, BROKEN],
      watchMs: 1_000,
      signal: new AbortController().signal,
      tell: ({ act }) => told.push(act),
    },
  );

  expect(acts.filter(({ isDone }) => !isDone)).toEqual([]);
  expect(acts.map(({ act }) => act)).toEqual([
    'deploy the stage',
    'push prove-lambda, version 1',
    'call prove-lambda',
    'push prove-lambda, version 2, under traffic',
    'roll prove-lambda back, under traffic',
    'push prove-fargate, version 1',
    'call prove-fargate',
    'look at the claims',
    'remove the stage',
    'look at what is left',
  ]);
  expect(told).toEqual(acts.map(({ act }) => act));
  expect(findings).toMatchObject([
    { row: 'moves', verdict: 'as written' },
    { row: 'broken', verdict: 'not seen', what: 'Error: no answer' },
  ]);
  expect(requests.sent).toBeGreaterThan(10);
  expect(requests.lost).toBe(0);
  expect(leftovers).toEqual([]);
});

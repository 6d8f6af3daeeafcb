import { eventually } from '../support/clock/eventually.ts';
import { IS_THOROUGH } from '../support/fuzz/runs.ts';
import { identityModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { pauseAt } from '../support/slipway/pause.ts';
import {
  processesOf,
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../support/slipway/running.ts';

const ROWS = 30;
const EXAMPLES = Array.from({ length: ROWS }, (_, row) => {
  const input = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [row, (7 * row) % 11] };
  return JSON.stringify({ request: { inputs: [input] } });
}).join('\n');
const MODEL = identityModel({ datatype: 'FP32', shape: ['n', 2] });
const CALM = 'calm';

/** A kill while a version is asked its `nth` request of the comparison. */
type Kill = { readonly version: 1 | 2; readonly nth: number };

// The live version is asked 30 requests, 20 to 50 of them again, and then some whole tables for the cause of the difference; the new one 30 requests and one table.
const USUAL: readonly Kill[] = [
  { version: 1, nth: 1 },
  { version: 2, nth: 15 },
  { version: 1, nth: 65 },
];
const THOROUGH: readonly Kill[] = Array.from({ length: 50 }, (_, kill) =>
  kill % 2 === 0
    ? { version: 1, nth: 1 + ((kill * 13) % 70) }
    : { version: 2, nth: 1 + ((kill * 7) % 31) },
);
/** One machine takes up a deployment at most so often. */
const MOST_KILLS = 9;

const KILLS = IS_THOROUGH ? THOROUGH : USUAL;
const MODELS = Array.from({ length: Math.ceil(KILLS.length / MOST_KILLS) }, (_, at) => ({
  model: `killed-${at}`,
  kills: KILLS.slice(at * MOST_KILLS, (at + 1) * MOST_KILLS),
}));
process.stdout.write(
  `${KILLS.length} of ${THOROUGH.length} kills; SLIPWAY_THOROUGH=1 for all of them\n`,
);

it('a Slipway that is killed in a comparison, again and again, comes to the same verdict to the bit', async () => {
  await using folder = await temporaryFolder();
  let armed: { readonly model: string; readonly kill: Kill } | undefined;
  let pause: ReturnType<typeof pauseAt> | undefined;
  const start = () =>
    startSlipway(
      folder.path,
      { hasAnyServer: true, config: { bakeSeconds: 0 } },
      async ({ state, moment, execution }) => {
        if (!armed || state !== 'CompareAnswers' || moment !== 'begins') return;
        const { model, kill } = armed;
        if (!execution.startsWith(`${model}-`)) return;
        armed = undefined;
        pause = pauseAt(folder.path, `${model}-v${kill.version}`, kill.nth);
      },
    );
  let slipway = await start();
  try {
    await deployFirst(slipway, CALM);
    dropSecond(slipway, CALM);
    const calm = await comparisonOf(slipway, CALM);
    expect(calm).toMatchObject({
      verdict: 'changed',
      answers: { kept: { asked: ROWS, changed: 18 } },
    });

    for (const { model, kills } of MODELS) {
      await deployFirst(slipway, model);
      const [first] = kills;
      armed = first && { model, kill: first };
      dropSecond(slipway, model);
      for (const [at] of kills.entries()) {
        await eventually(() => pause?.isReached() === true);
        await slipway.kill();
        await eventually(() => processesOf(folder.path).length === 0);
        pause?.takeBack();
        pause = undefined;
        const next = kills[at + 1];
        armed = next && { model, kill: next };
        slipway = await start();
      }

      expect(await comparisonOf(slipway, model)).toEqual(calm);
    }
  } finally {
    await slipway[Symbol.asyncDispose]();
  }
});

async function deployFirst(slipway: RunningSlipway, model: string): Promise<void> {
  slipway.drop(`models/${model}/model.onnx.examples.jsonl`, EXAMPLES);
  slipway.drop(`models/${model}/model.onnx`, behaving('pauses-when-told', MODEL));
  await slipway.ending(model, 1);
  await slipway.settled(model);
}

function dropSecond(slipway: RunningSlipway, model: string): void {
  const next = identityModel({ datatype: 'FP32', shape: ['rows', 2] });
  slipway.drop(`models/${model}/model.onnx`, behaving('pauses-when-told', next));
}

/** The record of the second deployment's comparison, once it has ended: all of it but the names of what is live, which each model has for itself. */
async function comparisonOf(slipway: RunningSlipway, model: string) {
  const { detail } = await slipway.ending(model, 2);
  expect(detail.state).toBe('Live');
  const { work } = (await slipway.get(`/deployments/${detail.deploymentId}`)) as {
    work: { comparison: { beside: unknown } };
  };
  const { beside: _, ...comparison } = work.comparison;
  return comparison;
}

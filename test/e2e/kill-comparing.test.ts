import { IS_THOROUGH } from '../support/fuzz/runs.ts';
import { identityModel } from '../support/models/onnx.ts';
import { floats, integerAttribute, model } from '../support/models/onnx-graph.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { type Kill, killedIn, MOST_KILLS } from '../support/slipway/killed-in.ts';
import { type RunningSlipway, temporaryFolder } from '../support/slipway/running.ts';

const ROWS = 30;
const EXAMPLES = Array.from({ length: ROWS }, (_, row) => {
  const input = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [row, (7 * row) % 11] };
  return JSON.stringify({ request: { inputs: [input] } });
}).join('\n');
const MODEL = identityModel({ datatype: 'FP32', shape: ['n', 2] });
const FLOAT = 1;
/** Adds 1 to what 3 divides. */
const NEXT = model({
  inputs: [{ name: 'x', datatype: 'FP32', shape: ['n', 2] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: ['n', 2] }],
  nodes: [
    {
      ...{ op: 'Mod', inputs: ['x', 'three'], outputs: ['rest'] },
      attributes: [integerAttribute('fmod', 1)],
    },
    { op: 'Equal', inputs: ['rest', 'zero'], outputs: ['divides'] },
    {
      ...{ op: 'Cast', inputs: ['divides'], outputs: ['more'] },
      attributes: [integerAttribute('to', FLOAT)],
    },
    { op: 'Add', inputs: ['x', 'more'], outputs: ['y'] },
  ],
  initializers: [floats('three', [], [3]), floats('zero', [], [0])],
});
const CALM = 'calm';

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
  await using killed = await killedIn('CompareAnswers', folder.path, {
    config: { bakeSeconds: 0 },
  });
  await deployFirst(killed.now(), CALM);
  dropSecond(killed.now(), CALM);
  const calm = await comparisonOf(killed.now(), CALM);
  expect(calm).toMatchObject({
    verdict: 'changed',
    answers: { kept: { asked: ROWS, changed: 18 } },
  });

  for (const { model, kills } of MODELS) {
    await deployFirst(killed.now(), model);
    await killed.killAt(model, kills, (slipway) => dropSecond(slipway, model));

    expect(await comparisonOf(killed.now(), model)).toEqual(calm);
  }
});

async function deployFirst(slipway: RunningSlipway, model: string): Promise<void> {
  slipway.drop(`models/${model}/model.onnx.examples.jsonl`, EXAMPLES);
  slipway.drop(`models/${model}/model.onnx`, behaving('pauses-when-told', MODEL));
  await slipway.ending(model, 1);
  await slipway.settled(model);
}

function dropSecond(slipway: RunningSlipway, model: string): void {
  slipway.drop(`models/${model}/model.onnx`, behaving('pauses-when-told', NEXT));
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

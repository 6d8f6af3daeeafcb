import { readFileSync } from 'node:fs';
import { difference } from '#domain/json-difference.ts';
import { type ModelFixture, modelFixtures } from './model-fixtures.ts';
import type { RunningSlipway } from './running-slipway.ts';

// Converted or not, no answer is further from the framework's own.
const RTOL = 1e-4;

/** Posts a body to a path of a model, as `v2/models/m/infer`. */
export type Post = (path: string, body: unknown) => Promise<{ status: number; body: unknown }>;

export function fixtureOf(folder: string, name: string): ModelFixture {
  const found = modelFixtures(folder).find((each) => each.name === `${folder}/${name}`);
  if (!found) throw new Error(`there is no model ${folder}/${name}`);
  return found;
}

/** Pushes it as the model `m`, as its owner does; answers how its deployment ended. */
export async function pushed(slipway: RunningSlipway, { path }: ModelFixture) {
  const { out, err } = await slipway.command('push', path, '--name', 'm', '--json');
  const last = out.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(err);
  return JSON.parse(last).detail;
}

/** Whatever the model `m` answers otherwise than its framework did. */
export async function wrongAnswers(
  post: Post,
  { requests }: ModelFixture,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { protocol, body, answer } of requests) {
    const path = protocol === 'infer' ? 'v2/models/m/infer' : 'invocations';
    const got = await post(path, body);
    const why =
      got.status === 200
        ? difference(got.body, answer, RTOL)
        : `${got.status} ${JSON.stringify(got.body)}`;
    if (why) wrong.push(why);
  }
  return wrong;
}

export function throughGateway({ gateway }: RunningSlipway): Post {
  return async (path, body) => {
    const response = await fetch(`${gateway}/models/m/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
}

/** Whether each of the first two versions of `m` is served as ONNX. */
export async function servedAsOnnx(slipway: RunningSlipway): Promise<readonly boolean[]> {
  const explained = [1, 2].map((version) => slipway.get(`/models/m/explain?version=${version}`));
  const all = (await Promise.all(explained)) as { runtime: { name: string } }[];
  return all.map(({ runtime }) => runtime.name === 'onnx');
}

/** A booster of XGBoost that is well-formed to whoever only reads it: the last tree has lost a node. */
export function brokenBooster(): string {
  const model = JSON.parse(readFileSync(fixtureOf('xgboost', 'binary-3.4.json').path, 'utf8'));
  model.learner.gradient_booster.model.trees.at(-1).left_children.pop();
  return JSON.stringify(model);
}

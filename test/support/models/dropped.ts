import { readFileSync } from 'node:fs';
import { difference } from '#domain/rollout/json-difference.ts';
import type { RunningSlipway } from '../slipway/running.ts';
import { type ModelFixture, modelFixtures } from './fixtures.ts';

// The largest distance of an answer from the framework's own, converted or not.
const RTOL = 1e-4;

type Protocol = ModelFixture['requests'][number]['protocol'];

/** Posts a body to a model's `infer` or `invocations`. */
export type Post = (
  protocol: Protocol,
  body: unknown,
) => Promise<{ status: number; body: unknown }>;

/** Models of one folder of the fixtures, dropped one after another; `asOnnx`: whether each of the first two is converted. */
export type Dropped = {
  readonly what: string;
  readonly folder: string;
  readonly versions: readonly string[];
  readonly asOnnx?: readonly boolean[];
};

/** A model that is converted, made by frameworks that Python 3.13 has. */
export const CONVERTED: Dropped = {
  what: 'a scikit-learn pipeline of numbers and texts',
  folder: 'sklearn',
  versions: ['columns-pipeline-1.8.joblib', 'columns-pipeline-1.8.pkl'],
  asOnnx: [true, true],
};

/** A model whose next version, which has categories, is served by its own framework; that runs its threads by a library of the system. */
export const NATIVE: Dropped = {
  what: 'LightGBM',
  folder: 'lightgbm',
  versions: ['binary-3.3.txt', 'categorical-4.6.txt'],
  asOnnx: [true, false],
};

export function fixtureOf(folder: string, name: string): ModelFixture {
  const found = modelFixtures(folder).find((each) => each.name === `${folder}/${name}`);
  if (!found) throw new Error(`there is no model ${folder}/${name}`);
  return found;
}

/** Pushes it as a model of this name, as its owner does; returns the end of its deployment. Fixtures that follow one another under a name have little else in common, so each may break the one before. One that computes ten times as much is too slow for a bake on a busy machine, and comes once more. */
export async function pushed(slipway: RunningSlipway, { path }: ModelFixture, model = 'm') {
  const end = await pushedOnce(slipway, path, model);
  if (!TOO_SLOW.test(end.reason)) return end;
  process.stdout.write(`${path}: ${end.reason}; pushing it once more\n`);
  return pushedOnce(slipway, path, model);
}

const TOO_SLOW = /the limit is \d+ ms, (5 times as long|100 ms more)/;

async function pushedOnce(slipway: RunningSlipway, path: string, model: string) {
  const { out, err } = await slipway.command(
    ...['push', path, '--name', model, '--allow-breaking', '--json'],
  );
  const last = out.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(err);
  return JSON.parse(last).detail;
}

/** The answers of a model that differ from its framework's. */
export async function wrongAnswers(
  post: Post,
  { requests }: ModelFixture,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { protocol, body, answer } of requests) {
    const got = await post(protocol, body);
    const why =
      got.status === 200
        ? difference(got.body, byRow(body, answer), RTOL)
        : `${got.status} ${JSON.stringify(got.body)}`;
    if (why) wrong.push(why);
  }
  return wrong;
}

/** A table's answer by row, where the fixtures have it by output. */
function byRow(body: unknown, answer: unknown): unknown {
  const isTable = typeof body === 'object' && body !== null && 'dataframe_split' in body;
  const { predictions } = answer as { predictions?: Readonly<Record<string, unknown[]>> };
  if (!isTable || !predictions || Array.isArray(predictions)) return answer;
  const columns = Object.entries(predictions);
  const rows = columns[0]?.[1].map((_, row) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[row]])),
  );
  return { predictions: rows };
}

/** The path of a protocol below a model's own. */
export function pathOf(protocol: Protocol, model: string): string {
  return protocol === 'infer' ? `v2/models/${model}/infer` : 'invocations';
}

export function throughGateway({ gateway }: Pick<RunningSlipway, 'gateway'>, model = 'm'): Post {
  return async (protocol, body) => {
    const response = await fetch(`${gateway}/models/${model}/${pathOf(protocol, model)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
}

/** A model's answer to the example in its own document, which its page and its `curl` send; undefined where it has no example. */
export async function answerToOwnExample(
  { gateway }: Pick<RunningSlipway, 'gateway'>,
  model: string,
) {
  const document = await fetch(`${gateway}/models/${model}/openapi.json`);
  const { paths } = (await document.json()) as { paths: Readonly<Record<string, OwnPath>> };
  const body = paths['/invocations']?.post?.requestBody?.content['application/json']?.example;
  if (body === undefined) return undefined;
  return throughGateway({ gateway }, model)('invocations', body);
}

type OwnPath = {
  readonly post?: {
    readonly requestBody?: {
      readonly content: Readonly<Record<string, { readonly example?: unknown }>>;
    };
  };
};

/** Whether each of the first two versions of a model is served as ONNX. */
export async function servedAsOnnx(
  slipway: RunningSlipway,
  model = 'm',
): Promise<readonly boolean[]> {
  const explained = [1, 2].map((version) =>
    slipway.get(`/models/${model}/explain?version=${version}`),
  );
  const all = (await Promise.all(explained)) as { runtime: { name: string } }[];
  return all.map(({ runtime }) => runtime.name === 'onnx');
}

/** A booster that looks well-formed as long as it is only read: no XGBoost knows its objective. */
export function brokenBooster(): string {
  const model = JSON.parse(readFileSync(fixtureOf('xgboost', 'binary-3.4.json').path, 'utf8'));
  model.learner.objective.name = 'binary:none';
  return JSON.stringify(model);
}

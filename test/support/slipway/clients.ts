import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../clock/eventually.ts';
import type { RunningSlipway } from './running.ts';

/** A client's answer: `data` of the first output, or the whole of another answer; status 0 means no answer. */
export type Answer = {
  readonly status: number;
  readonly revision: string | null;
  readonly data: unknown;
};

/** The request that the models of these tests get. */
export const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };

/** Calls a model of `addConstantModel` once. */
export async function call(slipway: RunningSlipway, model: string): Promise<Answer> {
  try {
    const response = await slipway.infer(model, REQUEST);
    const body = (await response.json()) as { outputs?: { data: unknown }[] };
    return {
      status: response.status,
      revision: response.headers.get('x-slipway-revision'),
      data: body.outputs?.[0]?.data ?? body,
    };
  } catch (error) {
    return { status: 0, revision: null, data: String(error) };
  }
}

/** Clients that call a model again and again until they are stopped. */
export function clients(slipway: RunningSlipway, model: string, { count = 1, pauseMs = 10 } = {}) {
  const answers: Answer[] = [];
  let nowMs = pauseMs;
  let isOver = false;
  const loop = async () => {
    while (!isOver) {
      answers.push(await call(slipway, model));
      await sleep(nowMs);
    }
  };
  const loops = Array.from({ length: count }, loop);
  return {
    answers,
    /** Resolves once so many more answers have come. */
    async more(wished: number) {
      const goal = answers.length + wished;
      await eventually(() => answers.length >= goal);
    },
    /** Makes each client pause for so long from its next request on. */
    pauseFor(ms: number) {
      nowMs = ms;
    },
    async stop() {
      isOver = true;
      await Promise.all(loops);
    },
  };
}

/** The different answers, as `200 shapes-v1 11,12`. */
export function kinds(answers: readonly Answer[]): readonly string[] {
  const told = answers.map(
    ({ status, revision, data }) =>
      `${status} ${revision} ${Array.isArray(data) ? data : JSON.stringify(data)}`,
  );
  return [...new Set(told)].sort();
}

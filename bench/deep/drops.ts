import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningSlipway } from '../../test/support/slipway/running.ts';
import { firstAnswer, requireRight } from './asking.ts';
import type { Answer, Question, Subject } from './subject.ts';

type Dropped = Pick<Subject, 'drop'> & {
  readonly questions: readonly [Pick<Question, 'ours'>, ...unknown[]];
};

/** From a model renamed into the bucket to its first right answer through the gateway, ms. In each round it has another name, so that it is built anew. */
export async function dropped(
  slipway: RunningSlipway,
  { drop, questions: [question] }: Dropped,
  { round, wanted }: { readonly round: number; readonly wanted: Answer },
): Promise<number> {
  const model = nameOf(round);
  const startedAtMs = performance.now();
  drop(slipway, model);
  let failed: Error | undefined;
  const ending = slipway.ending(model, 1).then(({ detail: { state, reason } }) => {
    if (state !== 'Live') failed = new Error(`the model is ${state}: ${reason}`);
  });
  const origin = `${slipway.gateway}/models/${model}`;
  const answer = await firstAnswer(origin, question.ours(model), () => {
    if (failed) throw failed;
  });
  const tookMs = performance.now() - startedAtMs;
  requireRight(answer, wanted);
  await ending;
  return tookMs;
}

/** Ends what has been dropped, so that it takes no memory or CPU beside what is measured. */
export async function undeployed(slipway: RunningSlipway, round: number): Promise<void> {
  const model = nameOf(round);
  await slipway.ask(model, 'undeploy');
  await slipway.ending(model, 2);
}

/** What the build has made of it: the folder that its server is started from, and its bytes with all that serves it. */
export async function imageOf(
  slipway: RunningSlipway,
  round: number,
): Promise<{ readonly folder: string; readonly bytes: number }> {
  const model = nameOf(round);
  const images = join(slipway.dataDir, 'images', 'images');
  const tags = existsSync(images) ? readdirSync(images) : [];
  const tag = tags.find((each) => each.startsWith(`${model}-`) && !each.endsWith('.partial'));
  if (!tag) throw new Error(`there is no image of ${model}`);
  const told = (await slipway.get(`/models/${model}/explain?version=1`)) as {
    readonly image: { readonly uncompressedBytes: number };
  };
  return { folder: join(images, tag), bytes: told.image.uncompressedBytes };
}

/** The name of the model that is dropped in a round. */
export function nameOf(round: number): string {
  return `round-${round}`;
}

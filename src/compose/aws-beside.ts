import { authorizer } from '#adapters/aws/keys/authorizer.ts';
import { meterLive } from '#steps/meter-live.ts';
import { publishEvents } from '#steps/publish-events.ts';
import { MOST_ATTEMPTS } from '#steps/recover.ts';
import { recoverEnded, sweep } from '#steps/sweep.ts';
import { touchKept } from '#steps/sweep-touch.ts';
import { weighLive } from '#steps/weigh-live.ts';
import {
  artifactsOf,
  busOf,
  capsOf,
  ceilingsOf,
  clock,
  demandOf,
  executionsOf,
  findKeyOf,
  modelImagesOf,
  offeredBy,
  platformsOf,
  pricesOf,
  proberOf,
  registryOf,
  routerOf,
  settleFrontOf,
} from './aws-ports.ts';
import { type Environment, settings } from './aws-settings.ts';

// The functions beside the workflows.

export const publishEventsOnAws = (env: Environment) =>
  publishEvents({ registry: registryOf(env), bus: busOf(env) });

// An S3 event takes seconds, sometimes more than a minute, and Step Functions' description of an execution is eventually consistent.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html, https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
const GRACE_MS = 5 * 60_000;

/** The kinds of sweep: everything, the execution that has just ended, the resources that AWS puts to sleep, the placement of live versions, and what they have cost. */
export const sweepOnAws = (env: Environment) => {
  const registry = registryOf(env);
  const executions = executionsOf(env);
  const router = routerOf(env);
  return {
    all: sweep({
      registry,
      executions,
      router,
      clock,
      artifacts: artifactsOf(env),
      platforms: platformsOf(env),
      images: modelImagesOf(env),
      // A lifecycle rule of their repository expires them.
      unusedEnvironments: null,
      bucket: settings(env, 'BUCKET').BUCKET,
      offered: offeredBy(env),
      mostAttempts: MOST_ATTEMPTS,
      executionGraceMs: GRACE_MS,
      uploadGraceMs: GRACE_MS,
      settleFront: settleFrontOf(env),
    }),
    ended: recoverEnded({ registry, executions, mostAttempts: MOST_ATTEMPTS }),
    touch: touchKept({ registry, router, prober: proberOf(env), offered: offeredBy(env) }),
    weigh: weighLive({
      registry,
      demand: demandOf(env),
      prices: pricesOf(env),
      clock,
      executions,
    }),
    meter: meterLive({
      registry,
      demand: demandOf(env),
      prices: pricesOf(env),
      clock,
      caps: capsOf(env),
      ceilings: ceilingsOf(env),
      isSpent: true,
    }),
  };
};

export const authorizeOnAws = (env: Environment) => authorizer({ find: findKeyOf(env) }, clock);

import type { LambdaClient } from '@aws-sdk/client-lambda';
import { cloudWatchModelLogs } from '#adapters/aws/cloudwatch-model-logs.ts';
import { lambdaPlatform } from '#adapters/aws/lambda-platform.ts';
import { fakeClock } from './fake-clock.ts';
import { modelFunctionsWorld } from './model-functions-world.ts';
import type { Moto } from './moto.ts';

export const API_STAGE = 'api';
const START_LOOK_MS = 10_000;

/** A platform over moto in virtual time: to sleep is to move the clock. */
export async function lambdaPlatformWorld(moto: Moto, startLookMs = START_LOOK_MS) {
  const world = await modelFunctionsWorld(moto);
  const clock = fakeClock(Date.now());
  const { functions } = world;
  const platformOver = (lambda: LambdaClient, logs = world.logs) =>
    lambdaPlatform({
      lambda,
      logs: cloudWatchModelLogs({ logs, group: functions.logGroup, clock }),
      functions,
      apiStage: API_STAGE,
      clock,
      sleep: async (ms) => clock.advance(ms),
      startLookMs,
    });
  return { ...world, clock, platformOver, platform: platformOver(world.lambda()) };
}

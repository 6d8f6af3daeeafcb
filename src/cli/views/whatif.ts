import type { Explanation } from '#control/explanation.ts';
import { Failure } from '#domain/failure.ts';
import { PRICES_OF } from '#domain/placement/cost.ts';
import {
  type Demand,
  type Measured,
  NO_LIMITS,
  type PlacedOption,
  type Question,
} from '#domain/placement/demand.ts';
import { flipsAt, frontDoor, rankedOptions, total } from '#domain/placement/optimize.ts';
import { flipWords, ms, placedLines } from './weighing.ts';

/** The answer to `slipway whatif`: every option for a demand, the best first; `flipsAt` is the rate from which another target costs less. */
export type WhatIf = {
  readonly model: string;
  readonly version: number | null;
  readonly prices: typeof PRICES_OF;
  readonly demand: Demand;
  readonly measured: Measured;
  readonly options: readonly PlacedOption[];
  readonly frontDoorUsd: number;
  readonly flipsAt: number | null;
};

const MIB = 1024 * 1024;

/**
 * Weighs the targets for a version by what is known of it: what its build measured, else the time of the request that proved it, or `requestMs`, its expected memory, and its image.
 * Fails with `InputInvalid` where its time is not known.
 */
export function whatIf(
  explained: Explanation,
  demand: Demand,
  {
    requestMs,
    allowsSpot,
  }: { readonly requestMs: number | undefined; readonly allowsSpot: boolean },
): WhatIf {
  const { model, version } = explained;
  const known = explained.weighing?.question.measured;
  const measured = known
    ? { ...known, ...(requestMs && { requestMs }) }
    : measuredOf(explained, requestMs);
  const question: Question = { demand, measured, limits: NO_LIMITS, allowsSpot };
  return {
    model,
    version,
    prices: PRICES_OF,
    demand,
    measured,
    options: rankedOptions(question),
    frontDoorUsd: total(frontDoor(demand)),
    flipsAt: flipsAt(question),
  };
}

export function whatIfLines(found: WhatIf): readonly string[] {
  const { model, version, demand, measured, options, prices } = found;
  return [
    `${model} v${version}: ${demand.requestsPerSecond} requests a second, ${demand.peak} at the peak, in ${demand.hours} hours of a month; ${ms(measured.requestMs)} of one vCPU each`,
    '',
    ...placedLines(options),
    '',
    ...(options[0] ? [`The cheapest: ${billOf(options[0])}.`] : []),
    `$${found.frontDoorUsd.toFixed(2)} of each is the way to the model, which is the same on every target.`,
    flipWords(found.flipsAt),
    `Prices of ${prices.region}, ${prices.asOf}, on demand. Assumed: the whole time of a request is computing; EC2 is not among the options.`,
  ];
}

function measuredOf(explained: Explanation, requestMs: number | undefined): Measured {
  const { model, artifact, image, options, proof } = explained;
  const found = requestMs ?? proof?.latencyMs;
  if (!found) {
    throw new Failure('InputInvalid', `nobody has measured how long a request to ${model} takes`, {
      fix: `Say it in milliseconds: \`slipway whatif ${model} --rps 10 --ms 100\`.`,
    });
  }
  const memory = options.find(({ target }) => target === 'ec2')?.memoryMiB;
  const onLambda = options.find(({ target }) => target === 'lambda');
  return {
    requestMs: found,
    // Nobody has measured how much of it more vCPUs would shorten.
    parallelPart: 0,
    memoryMiB: memory ?? Math.ceil(artifact.sizeBytes / MIB),
    imageBytes: image?.uncompressedBytes ?? artifact.sizeBytes,
    startMs: image?.smoke?.startMs ?? (onLambda?.coldStartSeconds ?? 0) * 1000,
  };
}

function billOf({ bill }: PlacedOption): string {
  return bill
    .filter(({ usd }) => usd >= 0.005)
    .map(({ what, usd }) => `${what} $${usd.toFixed(2)}`)
    .join(', ');
}

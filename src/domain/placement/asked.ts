import { type BuiltImage, measurementOf, servedBy } from '#domain/build/image.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import coldStarts from '#domain/data/cold-starts.json' with { type: 'json' };
import type { Manifest } from '#domain/manifest/manifest.ts';
import type { Traffic } from '#domain/manifest/traffic.ts';
import { type Caps, mostReplicas } from './caps.ts';
import type { Asked, Needs } from './choose-target.ts';
import { demandOf, FIRST_GUESS, type Measured } from './demand.ts';
import { type Learnt, withLearnt } from './learnt.ts';
import type { LighterWeights } from './lighter-weights.ts';
import { severalOf, type Timed, timesOf } from './measured.ts';
import type { Target } from './target.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';

const MIB = 1024 * 1024;

/** The demand that the model's live version had, and its target. `isMove` where it moves for that demand, whatever the manifest says. */
export type Before = {
  readonly learnt: Learnt;
  readonly target: Target;
  readonly isMove?: boolean;
};

/** The measurement of a build, for the server of that runtime where no build converted the model; undefined where the build measured no request. */
export function timedOf(
  image: Pick<BuiltImage, 'proof' | 'smoke'>,
  runtime: RuntimeName,
): Timed | undefined {
  const measurement = measurementOf(image);
  if (!measurement) return undefined;
  const served = servedBy({ runtime, modelFile: '' }, image).runtime;
  const serverMs = image.smoke?.measured ? 0 : coldStarts.runtimes[served].serverMs;
  return { ...measurement, serverMs };
}

/** The demand of the manifest, else the one that the live version had, else the first guess, beside what was measured. */
export function askedOf({
  manifest,
  timed,
  needs,
  caps,
  before,
  lighter,
  lambdaConcurrency,
  fargateVcpus,
  ec2Vcpus,
}: {
  readonly manifest: Manifest;
  readonly timed: Timed;
  readonly needs: Needs;
  readonly caps: Caps;
  readonly before: Before | undefined;
  readonly lighter?: LighterWeights | undefined;
  /** How many executions of functions the account allows at once; null where that is not known. */
  readonly lambdaConcurrency: number | null;
  /** How many vCPUs the account's tasks may have at once on Fargate; null where that is not known. */
  readonly fargateVcpus: number | null;
  /** How many vCPUs the account's instances without a GPU may have at once; null where that is not known. */
  readonly ec2Vcpus: number | null;
}): Asked {
  const { traffic, scaling } = manifest;
  const memory = needs.memoryMiB ?? Math.ceil(needs.memoryBytes / MIB);
  const several = severalOf(timed);
  const containerBytes = needs.containerMemoryBytes ?? needs.memoryBytes;
  const containerMiB = needs.memoryMiB ?? Math.ceil(containerBytes / MIB);
  const hasMost = scaling.max !== undefined || scaling.schedules.length > 0;
  const isGuess = !traffic && !before;
  const most = hasMost ? mostReplicas(manifest) : caps.maxReplicas;
  return {
    ...demandFrom(traffic, before),
    isGuess,
    hasMost,
    ...(isGuess && { mostLater: most }),
    measured: {
      ...timesOf(timed),
      memoryMiB: memory,
      imageBytes: needs.imageBytes,
      startMs: needs.lambdaStart.coldStartSeconds * 1000,
      // A stated memory stays, whatever the weights take.
      ...(lighter && needs.memoryMiB === null && { lighter: inMiB(lighter) }),
      ...(several && { several: { ...several, memoryMiB: containerMiB } }),
    },
    limits: {
      lambdaConcurrency,
      // A stated memory is a function's, whatever more of it would save.
      lambdaMemoryMiB: needs.memoryMiB ?? needs.functionMemoryMiB ?? null,
      fargateVcpus,
      ec2Vcpus,
      leastReplicas: scaling.min,
      maxReplicas: isGuess ? mostReplicas(manifest) : most,
      maxMonthlyUsd: caps.maxMonthlyUsd,
    },
    allowsSpot: scaling.spot !== undefined,
    // The shipped ones change with Slipway; a record keeps those by which it was weighed.
    prices: needs.prices ?? SHIPPED_PRICES,
  };
}

function inMiB({ what, savedBytes }: LighterWeights): NonNullable<Measured['lighter']> {
  return { what, savedMiB: Math.floor(savedBytes / MIB) };
}

function demandFrom(
  traffic: Traffic | undefined,
  before: Before | undefined,
): Pick<Asked, 'demand' | 'learntDays' | 'liveTarget'> {
  const said = traffic && demandOf(traffic);
  if (!before || (said && !before.isMove)) return { demand: said ?? FIRST_GUESS };
  const { learnt, target } = before;
  const demand = withLearnt(said ?? FIRST_GUESS, learnt);
  return { demand, learntDays: learnt.days, liveTarget: target };
}

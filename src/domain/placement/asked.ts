import { type BuiltImage, measurementOf, servedBy } from '#domain/build/image.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import coldStarts from '#domain/data/cold-starts.json' with { type: 'json' };
import type { Manifest } from '#domain/manifest/manifest.ts';
import { type Caps, mostReplicas } from './caps.ts';
import type { Asked, Needs } from './choose-target.ts';
import { coldStartSeconds } from './cold-start.ts';
import { demandOf, FIRST_GUESS } from './demand.ts';
import { timesOf } from './measured.ts';

const MIB = 1024 * 1024;

/** The demand of the manifest and the measurements of the build; undefined where the build measured no request. */
export function askedOf({
  manifest,
  image,
  needs,
  caps,
  runtime,
}: {
  readonly manifest: Manifest;
  readonly image: BuiltImage;
  readonly needs: Needs;
  readonly caps: Caps;
  readonly runtime: RuntimeName;
}): Asked | undefined {
  const measurement = measurementOf(image);
  if (!measurement) return undefined;
  const { traffic, scaling } = manifest;
  const served = servedBy({ runtime, modelFile: '' }, image).runtime;
  const serverMs = image.smoke?.measured ? 0 : coldStarts.runtimes[served].serverMs;
  const memory = needs.memoryMiB ?? Math.ceil(needs.memoryBytes / MIB);
  const hasMost = scaling.max !== undefined || scaling.schedules.length > 0;
  const startSeconds = coldStartSeconds('lambda', {
    runtime,
    artifactBytes: needs.modelBytes,
    image,
  });
  return {
    demand: traffic ? demandOf(traffic) : FIRST_GUESS,
    isGuess: traffic === undefined,
    hasMost,
    measured: {
      ...timesOf({ runs: measurement.runs, serverMs }),
      memoryMiB: memory,
      imageBytes: needs.imageBytes,
      startMs: startSeconds * 1000,
    },
    limits: {
      lambdaConcurrency: null,
      // A stated memory is a function's, whatever more of it would save.
      lambdaMemoryMiB: needs.memoryMiB ?? needs.functionMemoryMiB ?? null,
      fargateVcpus: null,
      leastReplicas: scaling.min,
      maxReplicas: traffic && !hasMost ? caps.maxReplicas : mostReplicas(manifest),
      maxMonthlyUsd: caps.maxMonthlyUsd,
    },
    allowsSpot: scaling.spot !== undefined,
  };
}

import { type BuiltImage, servedBy } from '#domain/build/image.ts';
import { modelLayers } from '#domain/build/image-layers.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import coldStarts from '#domain/data/cold-starts.json' with { type: 'json' };
import type { Deployment, TargetOption } from '#domain/deployment.ts';
import type { NotedStart, StartParts } from './noted-start.ts';
import { fitted } from './start-fit.ts';
import type { Target } from './target.ts';

/** How long a start is expected to take, in seconds, and how many noted starts that comes from: 0 where it is the shipped estimate. */
export type ExpectedStart = { readonly coldStartSeconds: number; readonly notedStarts: number };

/** An option with the seconds that a replica is expected to take there from nothing to ready. */
export type TimedOption = TargetOption & ExpectedStart;

/** A replica that starts: `image` as it was built, else the usual image of the runtime with the files of the model. `modelBytes` is the size of the model as a build serves it, where that is known. */
export type Starting = {
  readonly runtime: RuntimeName;
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
  readonly modelBytes?: number | undefined;
  readonly image?: Pick<BuiltImage, 'compressedBytes' | 'layers' | 'smoke'> | undefined;
};

// Fewer starts of a kind say more about chance than about the kind.
const LEAST_STARTS = 5;

/** The options with their cold starts. */
export function timed(
  options: readonly TargetOption[],
  starting: Starting,
  noted: readonly NotedStart[],
): readonly TimedOption[] {
  return options.map((option) => ({ ...option, ...expectedStart(option.target, starting, noted) }));
}

/**
 * The start of a replica on a target: finding its place, pulling the image, and the server's own start. How much each counts comes from the installation's noted starts of the same target and runtime, once there are five;
 * before, from published figures that are good to a factor of two (src/domain/data/cold-starts.json).
 */
export function expectedStart(
  target: Target,
  starting: Starting,
  noted: readonly NotedStart[],
): ExpectedStart {
  const ofKind = noted.filter(
    (start) => start.target === target && start.runtime === starting.runtime,
  );
  const isKnown = ofKind.length >= LEAST_STARTS;
  const samples = ofKind.map((start) => ({
    parts: secondsOf(target, start),
    total: start.seconds,
  }));
  const shares = isKnown ? fitted(samples) : [1, 1, 1];
  const seconds = secondsOf(target, partsOf(starting)).map((part, at) => part * (shares[at] ?? 1));
  return {
    coldStartSeconds: Math.round(seconds.reduce((sum, part) => sum + part, 0) * 10) / 10,
    notedStarts: isKnown ? ofKind.length : 0,
  };
}

/** The replica that a deployment starts. */
export function startingOf({
  artifact,
  work: { inspection, plan, image },
}: Pick<Deployment, 'artifact' | 'work'>): Starting {
  const planned = { runtime: plan?.runtime ?? 'custom', modelFile: '' } as const;
  const { leftOut = [] } = inspection?.facts ?? {};
  return {
    runtime: servedBy(planned, image).runtime,
    files: artifact.parts.filter(({ name }) => !leftOut.includes(name)),
    modelBytes: image?.proof?.modelBytes,
    image,
  };
}

/** The layers as the build made them; else those that it would make, below an image of the runtime's size or of what is left of the built one. */
export function partsOf({ runtime, files, modelBytes, image }: Starting): StartParts {
  const { imageBytes, startSeconds } = coldStarts.runtimes[runtime];
  const planned = modelLayers(files);
  const bytes = planned.reduce((sum, each) => sum + each, 0);
  const under = image ? Math.max(0, image.compressedBytes - bytes) : imageBytes;
  const serverSeconds = image?.smoke
    ? image.smoke.startMs / 1000
    : startSeconds + (modelBytes ?? bytes) / coldStarts.modelBytesPerSecond;
  return { layers: image?.layers ?? [under, ...planned], serverSeconds };
}

/** The shipped estimate, part by part: the place, the pull, the server. */
function secondsOf(target: Target, { layers, serverSeconds }: StartParts): readonly number[] {
  const { placeSeconds, bytesPerSecond, atOnce } = coldStarts.targets[target];
  return [placeSeconds, pulled(layers, atOnce) / bytesPerSecond, serverSeconds];
}

/** The bytes of the longest of so many lanes, where each layer in turn takes the lane that is free first. */
function pulled(layers: readonly number[], atOnce: number): number {
  const lanes = Array.from({ length: atOnce }, () => 0);
  for (const bytes of layers) {
    const free = lanes.indexOf(Math.min(...lanes));
    lanes[free] = (lanes[free] ?? 0) + bytes;
  }
  return Math.max(...lanes);
}

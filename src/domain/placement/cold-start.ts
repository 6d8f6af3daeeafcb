import type { BuiltImage } from '#domain/build/image.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import coldStarts from '#domain/data/cold-starts.json' with { type: 'json' };
import type { TargetOption } from '#domain/deployment.ts';
import type { Target } from './target.ts';

/** An option with the seconds that a replica is expected to take there from nothing to ready. */
export type TimedOption = TargetOption & { readonly coldStartSeconds: number };

/** The image and the artifact to start: `image` and its smoke test are measured, if present; otherwise the usual image of the runtime and the artifact are counted. Sizes in bytes. */
export type Starting = {
  readonly runtime: RuntimeName;
  readonly artifactBytes: number;
  readonly image?: Pick<BuiltImage, 'compressedBytes' | 'smoke'> | null | undefined;
};

/** The options with their cold starts: the place, the image, and the time in which the server reads the model. An estimate from published figures, not from our own measurements: src/domain/data/cold-starts.json. */
export function timed(
  options: readonly TargetOption[],
  starting: Starting,
): readonly TimedOption[] {
  return options.map((option) => ({
    ...option,
    coldStartSeconds: coldStartSeconds(option.target, starting),
  }));
}

/** The seconds (whole) from nothing to ready on a target. */
export function coldStartSeconds(target: Target, starting: Starting): number {
  const { placeSeconds, bytesPerSecond } = coldStarts.targets[target];
  return Math.ceil(placeSeconds + imageBytes(starting) / bytesPerSecond + startSeconds(starting));
}

function imageBytes({ runtime, artifactBytes, image }: Starting): number {
  return image?.compressedBytes ?? coldStarts.runtimes[runtime].imageBytes + artifactBytes;
}

function startSeconds({ runtime, artifactBytes, image }: Starting): number {
  if (image?.smoke) return image.smoke.startMs / 1000;
  return coldStarts.runtimes[runtime].startSeconds + artifactBytes / coldStarts.modelBytesPerSecond;
}

import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { sha256Hex } from '#domain/hash.ts';
import { parseJson } from '#domain/parse-json.ts';
import { type Measurement, measurement } from './measurement.ts';
import { buildProof } from './proof.ts';
import { RUNTIMES, type RuntimeName } from './runtime.ts';

/**
 * The smoke test of an image, started once after its push and without a network: milliseconds until it was ready, and the memory its server held after it had answered, in bytes.
 * `refusedByLambda` says why the image does not start under Lambda's conditions, if it starts elsewhere. `measured`: the time of its answers, absent where no request is known.
 */
export const smokeTest = z.object({
  startMs: z.number().check(z.nonnegative()),
  peakBytes: z.int().check(z.positive()),
  refusedByLambda: z.optional(
    z.string().check(z.describe('Why it does not start as Lambda starts it.')),
  ),
  measured: z.exactOptional(measurement),
});

export type SmokeTest = Readonly<z.infer<typeof smokeTest>>;

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const bytes = z.int().check(z.positive());

/**
 * A build's result, as one record. The image runs by `digest`; sizes are in bytes, compressed as the registry counts them and uncompressed as Lambda does; `artifactSha256` is the image's label.
 * `layers` are the compressed sizes of its layers, in their order; absent where an engine built it, which pulls nothing, and in records from before.
 * `proof` is null when the build did not load the model; `smoke` is null when the result is not an image that a container could start.
 */
const built = z.object({
  digest: z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/)),
  compressedBytes: bytes,
  uncompressedBytes: bytes,
  layers: z.exactOptional(z.array(bytes)),
  artifactSha256: sha256,
  proof: z.nullable(buildProof),
  smoke: z.nullable(smokeTest),
});

/** A built and pushed image, with the tag it was built for. */
export const builtImage = z.extend(built, { tag: z.string() });

export type BuiltImage = Readonly<z.infer<typeof builtImage>>;

/** A variable that a build exports, as CodeBuild hands it to the workflow. */
export type BuildVariable = { readonly Name: string; readonly Value: string };

/** The identity of one file of an artifact, as in `ArtifactPart`. */
type Part = { readonly name: string; readonly sizeBytes: number; readonly checksum: string };

const HASH_HEX_DIGITS = 32;
const TAG = new RegExp(`^(.+)-[0-9a-f]{${HASH_HEX_DIGITS}}$`);

/**
 * The tag of the image of an artifact in an environment: the model, and a hash of both, so the same bytes are built once.
 * A tag has at most 128 letters, digits, `.`, `_` and `-`. https://docs.docker.com/reference/cli/docker/image/tag/
 */
export async function imageTag(
  model: string,
  environmentHash: string,
  { parts }: { readonly parts: readonly Part[] },
): Promise<string> {
  const named = parts.map(({ name, sizeBytes, checksum }) => [name, sizeBytes, checksum]);
  const hash = await sha256Hex(JSON.stringify([environmentHash, named.toSorted()]));
  return `${model}-${hash.slice(0, HASH_HEX_DIGITS)}`;
}

/** The model in a tag that `imageTag` made; undefined for any other tag. */
export function modelOfTag(tag: string): string | undefined {
  return TAG.exec(tag)?.[1];
}

/** Reads the record that a build exported about its image. Fails with `BuildFailed` when it is invalid, or lacks the proof of a model that the build had to load. */
export function readImage(
  tag: string,
  variables: readonly BuildVariable[],
  runtime: RuntimeName,
): BuiltImage {
  const text = variables.find(({ Name }) => Name === EXPORTED)?.Value ?? '';
  const { data, error } = built.safeParse(parseJson(text));
  if (!data) {
    const at = error.issues[0]?.path.join('.');
    throw new Failure(
      'BuildFailed',
      `the build of ${tag} exported as ${EXPORTED} what is not the record of a build${at ? `: ${at} is missing, or not what belongs there` : ''}`,
      { fix: OVERWRITTEN_FIX },
    );
  }
  if (RUNTIMES[runtime].takesPackages && data.proof === null) {
    throw new Failure('BuildFailed', `the build of ${tag} exported no proof of its model`);
  }
  return { tag, ...data };
}

// A build writes its record itself, but code that a model brings could have overwritten the model's proof in it.
const OVERWRITTEN_FIX =
  'Have the code of the model write nothing but files of its own and what it prints, and upload it again.';

/** The build variable that holds its result, as JSON. */
const EXPORTED = 'BUILT';

/** How long a version's answers took in its build: those of its image where one was started, else those of the process that loaded the model; undefined where nothing was measured. */
export function measurementOf({
  smoke,
  proof,
}: Pick<BuiltImage, 'proof' | 'smoke'>): Measurement | undefined {
  return smoke?.measured ?? proof?.measured;
}

/** The runtime that serves a model, and the path of the file it loads in the image's model folder or in the artifact: the model as saved, or as a build converted it. */
export function servedBy(
  planned: { readonly runtime: RuntimeName; readonly modelFile: string },
  image: Pick<BuiltImage, 'proof'> | null | undefined,
): { readonly runtime: RuntimeName; readonly modelFile: string } {
  const { runtime, modelFile } = image?.proof ?? planned;
  return { runtime, modelFile };
}

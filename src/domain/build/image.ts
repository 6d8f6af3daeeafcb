import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { sha256Hex } from '#domain/hash.ts';
import { parseJson } from '#domain/parse-json.ts';
import { type BuildProof, readProof } from './proof.ts';

/** A built and pushed image. `digest` is what it is run by; sizes in bytes, compressed as the registry counts and uncompressed as Lambda does; `artifactSha256` is its label; `proof` is null of a model that needs none to be served, as ONNX; `smoke` of what is no image that a container could start. */
export type BuiltImage = {
  readonly tag: string;
  readonly digest: string;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  readonly artifactSha256: string;
  readonly proof: BuildProof | null;
  readonly smoke: SmokeTest | null;
};

/** What an image took when it was started once, after its push and without a network: milliseconds until it was ready, and the most memory that its server held when it had answered, in bytes. */
export type SmokeTest = { readonly startMs: number; readonly peakBytes: number };

const smokeTest = z.object({
  startMs: z.number().check(z.nonnegative()),
  peakBytes: z.int().check(z.positive()),
});

/** A variable that a build exports, as CodeBuild hands it to the workflow. */
export type BuildVariable = { readonly Name: string; readonly Value: string };

/** What tells one file of an artifact from another, as an `ArtifactPart` does. */
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

/** The model of a tag that `imageTag` made; undefined of any other. */
export function modelOfTag(tag: string): string | undefined {
  return TAG.exec(tag)?.[1];
}

/** What a build exported about its image. Fails with `BuildFailed` when an export is missing or is no such value; a model of Python has a proof. */
export function readImage(
  tag: string,
  variables: readonly BuildVariable[],
  runtime: BuildProof['runtime'] = 'onnx',
): BuiltImage {
  const values = new Map(variables.map(({ Name, Value }) => [Name, Value]));
  // A variable that a build never set may be exported as an empty one.
  const smoke = values.get('SMOKE') || null;
  const read = (name: string, form: RegExp): string => {
    const value = values.get(name) ?? '';
    if (form.test(value)) return value;
    throw new Failure('BuildFailed', `the build of ${tag} exported \`${value}\` as ${name}`);
  };
  return {
    tag,
    digest: read('IMAGE_DIGEST', /^sha256:[0-9a-f]{64}$/),
    compressedBytes: Number(read('COMPRESSED_BYTES', /^[1-9]\d*$/)),
    uncompressedBytes: Number(read('UNCOMPRESSED_BYTES', /^[1-9]\d*$/)),
    artifactSha256: read('ARTIFACT_SHA256', /^[0-9a-f]{64}$/),
    proof: runtime === 'python' ? readProof(tag, values.get('PROOF') ?? '') : null,
    smoke: smoke === null ? null : readSmoke(tag, smoke),
  };
}

function readSmoke(tag: string, text: string): SmokeTest {
  const parsed = smokeTest.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Failure('BuildFailed', `the build of ${tag} exported \`${text}\` as SMOKE`);
}

import * as z from 'zod/mini';
import { builtImage } from '#domain/build/image.ts';
import type {
  Artifact,
  BuildPlan,
  Deployment,
  GoldenProof,
  Inspection,
} from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { sha256Hex } from '#domain/hash.ts';
import { parseJson } from '#domain/parse-json.ts';

const part = z.object({
  name: z.string(),
  key: z.string(),
  versionId: z.string(),
  sizeBytes: z.int(),
  checksum: z.string(),
});

/** The result of a step of one Slipway; the same steps of another read it. */
function found<Value extends object>() {
  return z.custom<Value>((value) => typeof value === 'object' && value !== null);
}

/**
 * A version on its way to another Slipway: the place of its files there, and the results about it from its origin, so that nothing is built or inspected again.
 * `from` is its origin: `imageTag` names its image there, `place` is a stage or a folder, as the person who promotes it calls it.
 */
export const release = z.object({
  schema: z.literal(1),
  model: z.string(),
  from: z.object({
    place: z.string(),
    version: z.int(),
    deploymentId: z.string(),
    imageTag: z.nullable(z.string()),
  }),
  digest: z.string(),
  files: z.object({ parts: z.array(part), manifest: z.nullable(part) }),
  inspection: found<Inspection>(),
  plan: found<BuildPlan>(),
  image: z.nullable(builtImage),
  proof: z.nullable(found<GoldenProof>()),
  /** The statement that its stage of origin has signed, and the signature (ECDSA on P-256 with SHA-256, DER in base64). */
  signed: z.exactOptional(z.object({ statement: z.string(), signature: z.string() })),
});

export type Release = Readonly<z.infer<typeof release>>;

/** The files of a release: the only ones below this prefix, which starts no deployment. */
export function releasePrefix(model: string, digest: string): string {
  return `promotions/${model}/${digest.replace('sha256:', '')}/`;
}

/** Fails with `InputInvalid` for a text that is not a release. */
export function readRelease(text: string): Release {
  const { data, error } = release.safeParse(parseJson(text));
  if (data) return data;
  throw new Failure('InputInvalid', `the release is not one of this Slipway: ${error.message}`, {
    fix: 'Promote it again, with the same version of Slipway on both sides.',
  });
}

/**
 * The release of a deployment's version, with the files that still exist.
 * Its image gets its own tag, by its digest: in the destination, the tag that it was built for may belong to another image.
 * Fails with `PhaseConflict` for a version that never went live.
 */
export async function releaseOf(
  { id, model, version, artifact, work }: Deployment,
  place: string,
): Promise<Release> {
  const { inspection, plan, image, golden } = work;
  if (version === null || !inspection || !plan || !golden) {
    throw new Failure('PhaseConflict', `${model} version ${version} was never proven`, {
      fix: `See those that were with \`slipway versions ${model}\`.`,
    });
  }
  const { parts, manifest } = artifact;
  const digest = image?.digest ?? (await contentDigest(artifact));
  const tag = releaseTag(model, digest);
  return {
    schema: 1,
    model,
    from: { place, version, deploymentId: id, imageTag: image?.tag ?? null },
    digest,
    files: { parts: [...parts], manifest },
    inspection,
    plan: { ...plan, imageTag: image ? tag : null },
    image: image ? { ...image, tag } : null,
    proof: golden,
  };
}

const TAG_HEX_DIGITS = 32;

/** Tags have the form that `imageTag` makes, so that the sweep knows whose model they belong to. */
function releaseTag(model: string, digest: string): string {
  return `${model}-${digest.replace('sha256:', '').slice(0, TAG_HEX_DIGITS)}`;
}

/** Identifies an artifact by its bytes, where there is no image to do so. */
async function contentDigest({ parts, manifest }: Pick<Artifact, 'parts' | 'manifest'>) {
  const named = parts.map(({ name, sizeBytes, checksum }) => [name, sizeBytes, checksum]);
  const content = [named.toSorted(), manifest && [manifest.sizeBytes, manifest.checksum]];
  return `sha256:${await sha256Hex(JSON.stringify(content))}`;
}

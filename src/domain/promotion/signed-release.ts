import * as z from 'zod/mini';
import type { SignedRelease } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { sha256Hex } from '#domain/hash.ts';
import { parseJson } from '#domain/parse-json.ts';
import type { Release } from './release.ts';

/** How long after its signing a statement may be admitted: a promotion starts as soon as its release is written. */
export const SIGNED_VALID_MS = 60 * 60_000;
/** How far the signer's clock may be ahead. */
const SKEW_MS = 5 * 60_000;

const file = z.strictObject({ name: z.string(), sizeBytes: z.int(), checksum: z.string() });

/**
 * The statement of a stage about a version that it releases, with its keys in the order of the signed JSON.
 * `to` is the one Slipway that may take it; `found` is the sha256 of the results about the version: its inspection with the manifest's values, plan, image and proof.
 * `by` is the person who released it, as that person's own Slipway says, and `at` the time.
 */
const statement = z.strictObject({
  schema: z.literal(1),
  model: z.string(),
  version: z.int(),
  deploymentId: z.string(),
  from: z.string(),
  to: z.string(),
  digest: z.string(),
  image: z.nullable(z.string()),
  files: z.array(file),
  manifest: z.nullable(file),
  found: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
});

type Statement = z.infer<typeof statement>;

/** A public key that may sign releases: `fingerprint` is the sha256 of its DER, in hexadecimal. `isSigned` is false for an invalid signature. */
export type Signer = {
  readonly fingerprint: string;
  isSigned(text: string, signature: string): boolean;
};

/** The releases that a Slipway accepts: those for `here`, signed by one of `signers`; without signers, unsigned ones too. */
export type Trust = { readonly here: string; readonly signers: readonly Signer[] };

/** Who releases a version, when (epoch), and for which Slipway. */
export type Releasing = { readonly to: string; readonly by: string; readonly atMs: number };

/** The text of a release that is signed: JSON without spaces. */
export async function statementOf(
  { model, from, digest, files, inspection, plan, image, proof }: Release,
  { to, by, atMs }: Releasing,
): Promise<string> {
  const fileOf = ({ name, sizeBytes, checksum }: z.infer<typeof file>) => ({
    name,
    sizeBytes,
    checksum,
  });
  const stated: Statement = {
    schema: 1,
    model,
    version: from.version,
    deploymentId: from.deploymentId,
    from: from.place,
    to,
    digest,
    image: image?.digest ?? null,
    files: files.parts.map(fileOf),
    manifest: files.manifest && fileOf(files.manifest),
    found: await sha256Hex(JSON.stringify([inspection, plan, image, proof])),
    by,
    at: new Date(atMs).toISOString(),
  };
  return JSON.stringify(stated);
}

/**
 * The signer of a release; null where no signature is required.
 * `nowMs` and `newestAtMs` (0 for none) are epochs: now, and the signing time of the newest statement that was accepted for this model.
 * Fails with `ReleaseUntrusted` unless a trusted key has signed, for this Slipway and lately, a statement of this very release, which names each file by its SHA-256: a file of a wanted CRC is easily made.
 */
export async function requireSigned(
  release: Release,
  { here, signers }: Trust,
  { nowMs, newestAtMs }: { readonly nowMs: number; readonly newestAtMs: number },
): Promise<SignedRelease | null> {
  if (signers.length === 0) return null;
  const what = `the release of ${release.model} version ${release.from.version}`;
  const { signed } = release;
  if (!signed) {
    throw untrusted(`${what} is not signed, and only signed ones are taken here`, SIGN);
  }
  const signer = signers.find((each) => each.isSigned(signed.statement, signed.signature));
  if (!signer) {
    throw untrusted(`${what} is not signed by a key that is trusted here`, TRUST);
  }
  const stated = statement.safeParse(parseJson(signed.statement)).data;
  if (!stated) throw untrusted(`${what} is signed with a statement of another kind`, AGAIN);
  if (stated.to !== here) {
    throw untrusted(`${what} was signed for ${stated.to}, and this is ${here}`, AGAIN);
  }
  const { by, at } = stated;
  const atMs = Date.parse(at);
  const other = differing(stated, await statementOf(release, { to: here, by, atMs }));
  if (other) throw untrusted(`${what} has another ${other} than was signed`, AGAIN);
  const weak = [...stated.files, ...(stated.manifest ? [stated.manifest] : [])].find(
    ({ checksum }) => !checksum.startsWith('sha256:'),
  );
  if (weak) {
    const [algorithm] = weak.checksum.split(':');
    throw untrusted(
      `${what} names ${weak.name} by ${algorithm}, and only a SHA-256 will do`,
      AGAIN,
    );
  }
  if (atMs > nowMs + SKEW_MS) {
    throw untrusted(`${what} was signed at ${at}, which is yet to come`, CLOCK);
  }
  if (atMs < nowMs - SIGNED_VALID_MS) {
    throw untrusted(`${what} was signed at ${at}, over an hour ago`, AGAIN);
  }
  if (atMs <= newestAtMs) {
    const newest = new Date(newestAtMs).toISOString();
    throw untrusted(`${what} was signed at ${at}, and one of ${newest} was taken since`, AGAIN);
  }
  return { key: signer.fingerprint, by, atMs };
}

const AGAIN = 'Promote it again, with the same version of Slipway on both sides.';
const SIGN =
  'Deploy the stage that it comes from with `--param signReleases=on`, trust its key here, and promote it again.';
const TRUST =
  'Print the key of where it comes from with `slipway signing-key`, and trust it here if it should be.';
const CLOCK = 'Set the clock of the machine that promotes, and promote it again.';

function differing(stated: Statement, expected: string): string | undefined {
  const wanted: Readonly<Record<string, unknown>> = JSON.parse(expected);
  const other = Object.entries(stated).find(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(wanted[key]),
  );
  if (!other) return undefined;
  return other[0] === 'found' ? 'inspection, plan, image or proof' : other[0];
}

function untrusted(message: string, fix: string): Failure {
  return new Failure('ReleaseUntrusted', message, { fix });
}

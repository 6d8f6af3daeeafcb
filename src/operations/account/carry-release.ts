import { Readable } from 'node:stream';
import { ECRClient } from '@aws-sdk/client-ecr';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload as MultipartUpload } from '@aws-sdk/lib-storage';
import { translated } from '#adapters/aws/failures.ts';
import { copyImage } from '#adapters/aws/store/ecr-copy.ts';
import { repositoryNameOf } from '#adapters/aws/store/ecr-model-images.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { ArtifactPart } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { type Release, releasePrefix } from '#domain/promotion/release.ts';
import { signedRelease } from '#operations/signing/release-signing.ts';
import { type CarriedFile, requireBuilt } from './built-files.ts';
import { type AwsAccount, clientSettings } from './clients.ts';
import { callerOf } from './identity.ts';
import { releaseKey } from './release-key.ts';
import { findStack } from './stack.ts';
import { PART_BYTES } from './upload.ts';
import { uploadChecksum } from './upload-checksum.ts';

type Carried = { readonly key: string; readonly versionId: string };

/** The two accounts, or the two stages of one account. */
export type Accounts = {
  readonly from: AwsAccount;
  readonly to: AwsAccount;
  /** Gets the number of bytes of the image's layers that have arrived so far. */
  readonly onCopied: (bytes: number) => void;
};

/**
 * Copies a release from one account to another: its files, then its image by digest, and last the object that describes it.
 * The image comes late, since the sweep there deletes an image that belongs to no version, and copying the files may take longer than the sweep waits.
 * Each file is named by its SHA-256, which the destination's S3 computes too: the CRC-64 that it has at its origin finds damage, but not a forger. The files must be those of which the image was built.
 * The caller makes every call with its own permissions in both accounts: neither account trusts the other.
 */
export async function carryBetweenAccounts(
  release: Release,
  { from, to, onCopied }: Accounts,
): Promise<Carried> {
  const [source, target] = await Promise.all([openStores(from), openStores(to)]);
  if (!release.image) {
    throw new Failure('InputInvalid', `${release.model} has no image to bring`);
  }
  const signer = releaseKey(from, source.outputs);
  if (!signer && target.parameters['TrustedSigners']) {
    throw new Failure(
      'InputInvalid',
      `${to.stage} takes signed releases only, and ${from.stage} signs none`,
      {
        fix: `Deploy ${from.stage} with \`--param signReleases=on\`, and have ${to.stage} trust what \`slipway signing-key --stage ${from.stage}\` prints.`,
      },
    );
  }
  const by = signer ? await callerOf(clientSettings(from)) : '';
  const sign = async (carried: Release): Promise<Release> => {
    if (!signer) return carried;
    const releasing = { to: target.outputs.Bucket, by, atMs: systemClock.now() };
    return signedRelease(carried, signer, releasing);
  };
  // A caller without the permission to sign learns it before anything is copied; the release's statement is signed last, since a signature is valid for an hour.
  await sign(release);
  const { digest, tag } = release.image;
  const prefix = releasePrefix(release.model, release.digest);
  const carry = async (part: ArtifactPart): Promise<CarriedFile> => {
    const key = `${prefix}artifact/${part.name}`;
    const { versionId, checksum, sha256 } = await target.write(key, await source.read(part));
    return { part: { ...part, key, versionId, checksum }, sha256 };
  };
  const files: CarriedFile[] = [];
  for (const part of release.files.parts) files.push(await carry(part));
  const parts = files.map(({ part }) => part);
  requireBuilt(release, files, from.stage);
  const manifest = release.files.manifest && (await carry(release.files.manifest)).part;
  await copyImage({ from: source, to: target, digest, tag, onCopied });
  const key = `${prefix}release.json`;
  const written = JSON.stringify(await sign({ ...release, files: { parts, manifest } }));
  return { key, versionId: (await target.write(key, [Buffer.from(written)])).versionId };
}

/** The repository of a stage's images and its bucket. */
async function openStores(account: AwsAccount) {
  const { outputs, parameters } = await findStack(account);
  const settings = clientSettings(account);
  const s3 = new S3Client(settings);
  const { Bucket } = outputs;
  return {
    outputs,
    parameters,
    client: new ECRClient(settings),
    repositoryName: repositoryNameOf(outputs.Repository),
    async read({ key: Key, versionId: VersionId }: ArtifactPart) {
      const get = new GetObjectCommand({ Bucket, Key, VersionId });
      const { Body } = await translated(() => s3.send(get));
      return Body?.transformToWebStream() ?? [];
    },
    async write(Key: string, bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
      const sum = uploadChecksum(PART_BYTES);
      async function* followed() {
        for await (const chunk of bytes) {
          sum.add(chunk);
          yield chunk;
        }
      }
      const Body = Readable.from(followed(), { objectMode: false });
      const params = { Bucket, Key, Body, ChecksumAlgorithm: 'SHA256' } as const;
      const upload = new MultipartUpload({ client: s3, partSize: PART_BYTES, params });
      const { VersionId } = await translated(() => upload.done());
      if (VersionId) return { versionId: VersionId, ...sum.end() };
      throw new Failure('InputInvalid', `the bucket ${Bucket} is not versioned`, {
        fix: 'Deploy the stack again: Slipway reads versions only.',
      });
    },
  };
}

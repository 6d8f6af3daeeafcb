import {
  BatchCheckLayerAvailabilityCommand,
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  type ECRClient,
  GetDownloadUrlForLayerCommand,
  InitiateLayerUploadCommand,
  PutImageCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import * as z from 'zod/mini';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';

/** A repository of an account, by the client that may use it. */
export type EcrRepository = { readonly client: ECRClient; readonly repositoryName: string };

type Copy = {
  readonly from: EcrRepository;
  readonly to: EcrRepository;
  readonly digest: string;
  /** The image's only tag where it goes. */
  readonly tag: string;
  /** Gets the bytes of layers that have arrived so far. */
  readonly onCopied: (bytes: number) => void;
};

const blob = z.object({ digest: z.string(), size: z.int() });
const MANIFEST = z.object({
  config: z.optional(blob),
  layers: z._default(z.array(blob), []),
  manifests: z._default(z.array(blob), []),
});

// Without it ECR answers in the format of its choice, whose digest is another.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
const FORMATS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
// The most layers in one BatchCheckLayerAvailability. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html
const LAYERS_AT_ONCE = 100;
// Where ECR asks for none.
const PART_BYTES = 10 * 1024 * 1024;

/**
 * Copies an image by digest from one repository to another, in any account: layers that are there already are not sent again, and the manifest's bytes stay as they are, so the digest does too.
 * Idempotent. Fails with `InputInvalid` when the image is gone, or its tag is another image's.
 */
export async function copyImage({ from, to, digest, tag, onCopied }: Copy): Promise<void> {
  let copied = 0;
  const count = (bytes: number) => {
    copied += bytes;
    onCopied(copied);
  };
  await copyManifest({ from, to, count }, digest, tag);
}

type Sides = {
  readonly from: EcrRepository;
  readonly to: EcrRepository;
  readonly count: (bytes: number) => void;
};

async function copyManifest(sides: Sides, digest: string, tag: string | null): Promise<void> {
  const { text, mediaType } = await readManifest(sides.from, digest);
  const { config, layers, manifests } = MANIFEST.parse(JSON.parse(text));
  // An index is only taken once what it names is there.
  for (const child of manifests) await copyManifest(sides, child.digest, null);
  const wanted = [...(config ? [config] : []), ...layers];
  const missing = await missingLayers(sides.to, wanted);
  for (const layer of wanted.filter((each) => missing.has(each.digest))) {
    await copyLayer(sides, layer.digest);
  }
  const { client, repositoryName } = sides.to;
  const put = new PutImageCommand({
    repositoryName,
    imageManifest: text,
    imageManifestMediaType: mediaType,
    imageDigest: digest,
    ...(tag !== null && { imageTag: tag }),
  });
  await unless('ImageAlreadyExistsException', () =>
    translated(() => client.send(put), { ImageTagAlreadyExistsException: 'InputInvalid' }),
  );
}

async function readManifest({ client, repositoryName }: EcrRepository, imageDigest: string) {
  const get = new BatchGetImageCommand({
    repositoryName,
    imageIds: [{ imageDigest }],
    acceptedMediaTypes: FORMATS,
  });
  const { images = [] } = await translated(() => client.send(get));
  const [{ imageManifest: text, imageManifestMediaType: mediaType } = {}] = images;
  if (text) return { text, mediaType };
  throw new Failure('InputInvalid', `${repositoryName} has no image ${imageDigest} any more`, {
    fix: 'Promote a version that can still start: `slipway versions MODEL`.',
  });
}

async function missingLayers(
  { client, repositoryName }: EcrRepository,
  layers: readonly { readonly digest: string }[],
): Promise<ReadonlySet<string>> {
  const left = new Set(layers.map(({ digest }) => digest));
  const digests = [...left];
  for (let at = 0; at < digests.length; at += LAYERS_AT_ONCE) {
    const layerDigests = digests.slice(at, at + LAYERS_AT_ONCE);
    const check = new BatchCheckLayerAvailabilityCommand({ repositoryName, layerDigests });
    const { layers: found = [] } = await translated(() => client.send(check));
    for (const { layerDigest = '', layerAvailability } of found) {
      if (layerAvailability === 'AVAILABLE') left.delete(layerDigest);
    }
  }
  return left;
}

/** In parts of the size that ECR asks for: no more of a layer is held than one of them. */
async function copyLayer({ from, to, count }: Sides, layerDigest: string): Promise<void> {
  const { client, repositoryName } = to;
  const { uploadId = '', partSize = PART_BYTES } = await translated(() =>
    client.send(new InitiateLayerUploadCommand({ repositoryName })),
  );
  let partFirstByte = 0;
  for await (const layerPartBlob of partsOf(await openLayer(from, layerDigest), partSize)) {
    const partLastByte = partFirstByte + layerPartBlob.byteLength - 1;
    const upload = { repositoryName, uploadId, partFirstByte, partLastByte, layerPartBlob };
    await translated(() => client.send(new UploadLayerPartCommand(upload)));
    partFirstByte = partLastByte + 1;
    count(layerPartBlob.byteLength);
  }
  const complete = { repositoryName, uploadId, layerDigests: [layerDigest] };
  await unless('LayerAlreadyExistsException', () =>
    translated(() => client.send(new CompleteLayerUploadCommand(complete))),
  );
}

async function openLayer({ client, repositoryName }: EcrRepository, layerDigest: string) {
  const find = new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest });
  const { downloadUrl = '' } = await translated(() => client.send(find));
  const answer = await fetch(downloadUrl).catch((cause: unknown) => {
    throw unread(layerDigest, 'the connection failed', cause);
  });
  if (!answer.ok || !answer.body) throw unread(layerDigest, `the store answered ${answer.status}`);
  return answer.body;
}

function unread(layer: string, why: string, cause?: unknown): Failure {
  return new Failure('PlatformUnavailable', `the layer ${layer} cannot be read: ${why}`, {
    cause,
    fix: 'Promote it again: what has arrived is not sent again.',
  });
}

async function* partsOf(
  chunks: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (heldBytes + rest.byteLength >= partBytes) {
      const room = partBytes - heldBytes;
      yield Buffer.concat([...held, rest.subarray(0, room)]);
      rest = rest.subarray(room);
      held = [];
      heldBytes = 0;
    }
    if (rest.byteLength > 0) held.push(rest);
    heldBytes += rest.byteLength;
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}

/** An answer that says that it is done already is one. */
async function unless(name: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== name) throw error;
  }
}

import * as z from 'zod/mini';
import type { Datatype, Signature, TensorSpec } from '#domain/artifact/signature.ts';
import type { ServerPlace } from '#domain/build/runtime.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';

/** A request that proves a version, as it is sent: an Open Inference `infer`, or an `/invocations` body; `path` where its server takes it at another one. */
export type GoldenRequest = {
  readonly protocol: 'infer' | 'invocations';
  readonly body: unknown;
  readonly path?: string;
};

/** The path below the model's that a request is sent to. */
export function pathOf({ protocol, path }: GoldenRequest, model: string): string {
  return path ?? (protocol === 'infer' ? `/v2/models/${model}/infer` : '/invocations');
}

/** A request that is known to be right, with what its answer has to contain where that is known too; `rtol` is how far a number may be off, relative to it, and `atol` whatever its size. */
export type Example = {
  readonly request: GoldenRequest;
  readonly expect?: unknown;
  readonly rtol: number;
  readonly atol?: number;
};

/** What is known of a model before it is asked: `signature` is null where nothing says what goes in, `example` is one of the artifact's own or of its build. */
export type Declared = {
  readonly signature: Signature | null;
  readonly manifest: Manifest;
  readonly server: ServerPlace;
  readonly example?: Example;
};

/** A made body of more bytes is not sent: Lambda takes about 4.5 MB after base64. */
export const MAX_GOLDEN_BYTES = 4_000_000;

// 32 is what most detectors answer, which fail at 8 and 16; 224 is the size of ImageNet, 320 of small detectors.
const SIZES = [1, 32, 64, 224, 320] as const;

const ZERO: Readonly<Partial<Record<Datatype, unknown>>> = { BOOL: false, BYTES: '' };

const inferBody = z.object({
  inputs: z.array(
    z.object({
      name: z.string(),
      shape: z.array(z.int()),
      datatype: z.string(),
      data: z.array(z.unknown()),
    }),
  ),
});

/**
 * What to send, short enough to be kept with a version: the example (the manifest's first, else the model's own), or a request made from the signature with its free dimensions at this size.
 */
export type GoldenSample = 'example' | number;

/** The manifest's first example, else the model's own; undefined when there is neither. */
export function exampleOf({ manifest, server, example }: Declared): Example | undefined {
  const [first] = manifest.examples;
  return first ? { ...first, request: exampleRequest(first.request, server) } : example;
}

/**
 * The samples to try, in this order, until one is answered 200: the example alone, where there is one.
 * Without one sizes for the free dimensions: 1, and where an input has more than one of them 32, 64, 224 and 320 too.
 * One whose request would be larger than `MAX_GOLDEN_BYTES` is left out, so there may be none; without a signature there is none.
 */
export function goldenSamples(declared: Declared): readonly GoldenSample[] {
  const { signature } = declared;
  if (exampleOf(declared)) return ['example'];
  if (!signature) return [];
  const sizes = isResizable(signature) ? SIZES : SIZES.slice(0, 1);
  return sizes.filter((size) => bodyBytes(sized(signature, size)) <= MAX_GOLDEN_BYTES);
}

/** The request of a sample. A made one is of zeros: the first free dimension of each input is 1, its others have the sample's size. */
export function goldenRequest(declared: Declared, sample: GoldenSample): GoldenRequest {
  return sample === 'example'
    ? (exampleOf(declared)?.request ?? exampleRequest(undefined, declared.server))
    : { protocol: 'infer', body: { inputs: sized(declared.signature, sample).map(zeros) } };
}

/** The declared inputs as a made request has them: the first free dimension of each is 1, its others are `size`. */
export function sized(signature: Signature | null, size: number): readonly TensorSpec[] {
  return (signature?.inputs ?? []).map((spec) => ({ ...spec, shape: fixed(spec, size) }));
}

/** An object whose `inputs` are tensors with name, shape, datatype and data is an Open Inference request; all else is a body for `/invocations`. */
function exampleRequest(body: unknown, { requestPath: path }: ServerPlace): GoldenRequest {
  if (path !== null) return { protocol: 'invocations', body, path };
  return { protocol: inferBody.safeParse(body).success ? 'infer' : 'invocations', body };
}

function isResizable({ inputs }: Signature): boolean {
  return inputs.some(({ shape }) => shape.filter(isFree).length > 1);
}

function isFree(dim: number): boolean {
  return dim < 0;
}

/** Any rank is right for an unranked input, so it gets one element. */
function fixed({ shape, isUnranked }: TensorSpec, size: number): readonly number[] {
  if (isUnranked) return [1];
  const first = shape.findIndex(isFree);
  return shape.map((dim, index) => (isFree(dim) ? (index === first ? 1 : size) : dim));
}

function zeros({ name, shape, datatype }: TensorSpec): object {
  const data = new Array<unknown>(elements(shape)).fill(zero(datatype));
  return { name, shape, datatype, data };
}

/** What a made tensor holds. */
export function zero(datatype: Datatype): unknown {
  return ZERO[datatype] ?? 0;
}

function bodyBytes(inputs: readonly TensorSpec[]): number {
  const separator = 1;
  return inputs.reduce(
    (bytes, { shape, datatype }) =>
      bytes + elements(shape) * (JSON.stringify(zero(datatype)).length + separator),
    0,
  );
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

import * as z from 'zod/mini';
import {
  type Datatype,
  elementsOf,
  type Signature,
  type TensorSpec,
} from '#domain/artifact/signature.ts';
import type { ServerPlace } from '#domain/build/runtime.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { isObject } from './json-difference.ts';

/**
 * A request that proves a version, as sent: an Open Inference `infer` or an `/invocations` body; `path` if its server takes it at another path.
 * If it has a `contentType`, the body is bytes of that type, such as a picture or CSV, in base64; else it is JSON.
 */
export type GoldenRequest = {
  readonly protocol: 'infer' | 'invocations';
  readonly body: unknown;
  readonly path?: string;
  readonly contentType?: string;
};

/** The body of a request as it goes over a wire: a text, or bytes in base64. */
export type SentBody = {
  readonly body: string;
  readonly contentType: string;
  readonly isBase64: boolean;
};

export function sentBody({ body, contentType }: GoldenRequest): SentBody {
  return contentType === undefined
    ? { body: JSON.stringify(body), contentType: 'application/json', isBase64: false }
    : { body: String(body), contentType, isBase64: true };
}

/** The body as it is sent over HTTP. */
export function bytesOf({ body, isBase64 }: SentBody): string | Uint8Array<ArrayBuffer> {
  return isBase64 ? Buffer.from(body, 'base64') : body;
}

/** The path of a request, below the model's own path. */
export function pathOf({ protocol, path }: GoldenRequest, model: string): string {
  return path ?? (protocol === 'infer' ? `/v2/models/${model}/infer` : '/invocations');
}

/** A known-good request, with the required content of its answer if that is known too; `rtol` is the relative and `atol` the absolute tolerance of a number. */
export type Example = {
  readonly request: GoldenRequest;
  readonly expect?: unknown;
  readonly rtol: number;
  readonly atol?: number;
};

/** The knowledge about a model before it answers: `signature` is null where the inputs are unknown, `example` comes from the artifact or from its build. */
export type Declared = {
  readonly signature: Signature | null;
  readonly manifest: Manifest;
  readonly server: ServerPlace;
  readonly example?: Example;
};

/** A larger generated body is not sent: Lambda takes about 4.5 MB after base64. */
export const MAX_GOLDEN_BYTES = 4_000_000;

// Most detectors answer at 32 but fail at 8 and 16; 224 is ImageNet's size, 320 that of small detectors.
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
 * The sample to send, short enough to keep with a version: the example (the manifest's first, else the model's own), or a request generated from the signature with its free dimensions at this size.
 */
export type GoldenSample = 'example' | number;

/** The manifest's first example, else the model's own; undefined when there is neither. */
export function exampleOf(declared: Declared): Example | undefined {
  return examplesOf(declared)[0];
}

/** The manifest's examples, then the model's own. */
export function examplesOf({ manifest, server, example }: Declared): readonly Example[] {
  const said = manifest.examples.map((each) => ({
    ...each,
    request: exampleRequest(each.request, server),
  }));
  return example ? [...said, example] : said;
}

// All of a function's variables together have 4 KB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MOST_SHOWN_BYTES = 2000;

/** The example that the model's server shows to people, as ASCII; undefined where there is none, or it is longer than a variable should be. */
export function shownExample(declared: Declared): string | undefined {
  const { protocol, body, path } = exampleOf(declared)?.request ?? {};
  if (protocol === undefined || path !== undefined) return undefined;
  const text = JSON.stringify({ protocol, body }).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length <= MOST_SHOWN_BYTES ? text : undefined;
}

/**
 * The samples to try, in this order, until one is answered 200: only the example, if there is one.
 * Without an example, sizes for the free dimensions: 1, and if an input has more than one free dimension also 32, 64, 224 and 320.
 * Samples whose request exceeds `MAX_GOLDEN_BYTES` are left out, so the list may be empty; without a signature it is.
 */
export function goldenSamples(declared: Declared): readonly GoldenSample[] {
  const { signature } = declared;
  if (exampleOf(declared)) return ['example'];
  if (!signature) return [];
  const sizes = isResizable(signature) ? SIZES : SIZES.slice(0, 1);
  return sizes.filter((size) => bodyBytes(sized(signature, size)) <= MAX_GOLDEN_BYTES);
}

/** The request of a sample. A generated one holds zeros: the first free dimension of each input is 1, the others have the sample's size. */
export function goldenRequest(declared: Declared, sample: GoldenSample): GoldenRequest {
  return sample === 'example'
    ? (exampleOf(declared)?.request ?? exampleRequest(undefined, declared.server))
    : { protocol: 'infer', body: { inputs: sized(declared.signature, sample).map(zeros) } };
}

/** The declared inputs with the shapes of a generated request: the first free dimension of each is 1, the others are `size`. */
export function sized(signature: Signature | null, size: number): readonly TensorSpec[] {
  return (signature?.inputs ?? []).map((spec) => ({ ...spec, shape: fixed(spec, size) }));
}

/** The request that an example sends: an object whose `inputs` are tensors with name, shape, datatype and data is an Open Inference request; anything else is a body for `/invocations`. */
export function exampleRequest(
  body: unknown,
  { requestPath: path }: Pick<ServerPlace, 'requestPath'>,
): GoldenRequest {
  if (path !== null) return { protocol: 'invocations', body, path };
  return { protocol: isInfer(body) ? 'infer' : 'invocations', body };
}

/** A schema that does not fit names each row that it does not fit, which takes long for thousands of them. */
function isInfer(body: unknown): boolean {
  const inputs = isObject(body) ? body['inputs'] : undefined;
  const isList = Array.isArray(inputs) && inputs.every((input) => isObject(input));
  return isList && inferBody.safeParse(body).success;
}

function isResizable({ inputs }: Signature): boolean {
  return inputs.some(({ shape }) => shape.filter(isFree).length > 1);
}

function isFree(dim: number): boolean {
  return dim < 0;
}

/** An unranked input accepts any rank, so it gets one element. */
function fixed({ shape, isUnranked }: TensorSpec, size: number): readonly number[] {
  if (isUnranked) return [1];
  const first = shape.findIndex(isFree);
  return shape.map((dim, index) => (isFree(dim) ? (index === first ? 1 : size) : dim));
}

function zeros({ name, shape, datatype }: TensorSpec): object {
  const data = new Array<unknown>(elementsOf(shape)).fill(zero(datatype));
  return { name, shape, datatype, data };
}

/** The element of a generated tensor. */
export function zero(datatype: Datatype): unknown {
  return ZERO[datatype] ?? 0;
}

function bodyBytes(inputs: readonly TensorSpec[]): number {
  const separator = 1;
  return inputs.reduce(
    (bytes, { shape, datatype }) =>
      bytes + elementsOf(shape) * (JSON.stringify(zero(datatype)).length + separator),
    0,
  );
}

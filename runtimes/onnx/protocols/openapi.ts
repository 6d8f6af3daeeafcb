import { flatJson, nestedJson } from '../values/tensor-json.ts';
import type { Tensor } from '../values/tensors.ts';
import { worded } from '../worded.ts';
import type { Model } from './infer-protocol.ts';
import {
  ERROR,
  inferRequest,
  inferResponse,
  invocationRequest,
  invocationResponse,
  responseByRow,
  type Schema,
} from './schemas.ts';

export type Document = Schema & { readonly paths: Readonly<Record<string, Schema>> };

/**
 * OpenAPI 3.1 of the paths that this model answers, with its own names, datatypes and shapes.
 * `example` has inputs that it has answered; without them the document has no example.
 */
export function openApiOf(
  { name, version, signature }: Model,
  example: readonly Tensor[] | undefined,
): Document {
  const path = `/v2/models/${name}`;
  return {
    openapi: '3.1.0',
    info: { title: name, version: version || '0' },
    servers: [{ url: '.' }],
    paths: {
      '/invocations': post({
        summary: worded('answerInvocations'),
        request: invocationRequest(signature),
        response: invocationResponse(signature),
        example: example && nestedExample(example),
      }),
      [`${path}/infer`]: post({
        summary: worded('answerInfer'),
        request: inferRequest(signature),
        response: inferResponse(signature),
        example: example && flatExample(example),
      }),
      [`/v1/models/${name}:predict`]: post({
        summary: worded('answerByRow'),
        request: invocationRequest(signature),
        response: responseByRow(signature),
        example: example && nestedExample(example),
      }),
      [`/v1/models/${name}`]: get(worded('whetherLoaded')),
      [path]: get(worded('whatMetadataIs')),
      [`${path}/ready`]: get(worded('whetherLoaded')),
      '/ping': get(worded('whetherLoaded')),
      '/v2': get(worded('whatServerIs')),
      '/v2/health/live': get(worded('whetherServerRuns')),
      '/v2/health/ready': get(worded('whetherLoaded')),
    },
  };
}

const CALLS = worded('callTheModel');
const STATE = worded('aboutTheModel');

/** Puts each path into a group, whose name is its heading on a page of the document. */
export function grouped(document: Document): Document {
  const paths = Object.entries(document.paths).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries(methods).map(inGroup)),
  ]);
  const tags = [{ name: CALLS }, { name: STATE }];
  return { ...document, tags, paths: Object.fromEntries(paths) };
}

function inGroup([method, operation]: [string, unknown]): [string, unknown] {
  return [method, { ...Object(operation), tags: [method === 'post' ? CALLS : STATE] }];
}

/** The example in the form that `/invocations` takes. */
export function nestedExample(inputs: readonly Tensor[]): unknown {
  const named = inputs.map((tensor) => [tensor.name, JSON.parse(nestedJson(tensor))] as const);
  return { inputs: Object.fromEntries(named) };
}

function flatExample(inputs: readonly Tensor[]): unknown {
  return { inputs: inputs.map((tensor) => ({ ...tensor, data: JSON.parse(flatJson(tensor)) })) };
}

function post({
  summary,
  request,
  response,
  example,
}: {
  readonly summary: string;
  readonly request: Schema;
  readonly response: Schema;
  readonly example: unknown;
}): Schema {
  const body = { schema: request, ...(example !== undefined && { example }) };
  return {
    post: {
      summary,
      requestBody: { required: true, content: { 'application/json': body } },
      responses: {
        200: answer('The outputs', response),
        '4XX': answer(worded('whatWasWrong'), ERROR),
      },
    },
  };
}

function get(summary: string): Schema {
  const responses = {
    200: answer('Yes', { type: 'object' }),
    503: answer(worded('modelIsLoading'), ERROR),
  };
  return { get: { summary, responses } };
}

function answer(description: string, schema: Schema): Schema {
  return { description, content: { 'application/json': { schema } } };
}

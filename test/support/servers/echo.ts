import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

type Body = { readonly inputs: readonly { readonly data: readonly number[] }[] };

/** Answers `x`, and as much more as `added`, as `y`, FP32, as the real model server would, and is light. */
export async function echo(
  request: IncomingMessage,
  response: ServerResponse,
  added = 0,
): Promise<void> {
  const { inputs } = (await json(request)) as Body;
  const data = (inputs[0]?.data ?? []).map((value) => value + added);
  const outputs = [{ name: 'y', datatype: 'FP32', shape: [data.length], data }];
  response
    .setHeader('content-type', 'application/json')
    .end(JSON.stringify({ model_name: process.env['MODEL_NAME'], outputs }));
}

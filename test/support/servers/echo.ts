import type { RequestListener } from 'node:http';
import { json } from 'node:stream/consumers';

type Body = { readonly inputs: readonly { readonly data: readonly number[] }[] };

/** Answers `x` as `y`, FP32, as the real model server would, and is light. */
export const echo: RequestListener = async (request, response) => {
  const { inputs } = (await json(request)) as Body;
  const data = inputs[0]?.data ?? [];
  const outputs = [{ name: 'y', datatype: 'FP32', shape: [data.length], data }];
  response
    .setHeader('content-type', 'application/json')
    .end(JSON.stringify({ model_name: process.env['MODEL_NAME'], outputs }));
};

import { buffer } from 'node:stream/consumers';
import { healthy, serve } from './serve.ts';

/** Answers with its request, its identity, and its environment. */
serve(
  healthy(async (request, response) => {
    const body = await buffer(request);
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        url: request.url,
        bodyBytes: body.length,
        pid: process.pid,
        directory: process.cwd(),
        nodeOptions: process.execArgv,
        environment: process.env,
      }),
    );
  }),
);

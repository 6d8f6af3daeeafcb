import { setTimeout as sleep } from 'node:timers/promises';
import { healthy, serve } from './serve.ts';

/** Answers after the milliseconds that `?ms=` gives, else after two seconds. */
serve(
  healthy(async (request, response) => {
    request.resume();
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    await sleep(Number(searchParams.get('ms') ?? 2_000));
    response.setHeader('content-type', 'application/json').end('{"predictions":[]}');
  }),
);

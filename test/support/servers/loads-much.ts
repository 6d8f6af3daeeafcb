import { healthy, serve } from './serve.ts';

/** Holds 96 MiB from a moment before it is ready. */
const held = Buffer.alloc(96 * 1024 * 1024, 1);
serve(healthy((_request, response) => response.end(String(held.length))));

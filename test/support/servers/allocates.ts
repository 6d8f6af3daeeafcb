import { healthy, serve } from './serve.ts';

const held: Buffer[] = [];

/** Takes 16 MiB each 10 ms from its first request on, and never answers it. */
serve(healthy(() => setInterval(() => held.push(Buffer.alloc(16 * 1024 * 1024, 1)), 10)));

import { troubled } from './troubled.ts';

const held: Buffer[] = [];

/** Answers right, and holds 128 MiB more after each answer. */
await troubled((_, response) => {
  response.once('finish', () => held.push(Buffer.alloc(128 * 1024 * 1024, 1)));
  return false;
});

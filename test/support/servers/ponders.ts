import { setTimeout as sleep } from 'node:timers/promises';
import { troubled } from './troubled.ts';

/** Answers right, each time 2 s late. */
await troubled(async () => {
  await sleep(2_000);
  return false;
});

import { setTimeout as sleep } from 'node:timers/promises';
import { troubled } from './troubled.ts';

/** Answers right, each time 400 ms late. */
await troubled(async () => {
  await sleep(400);
  return false;
});

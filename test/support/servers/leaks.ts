import { troubled } from './troubled.ts';

const MIB = 1024 * 1024;
const held: Buffer[] = [];

/** Answers right three times, which proves it healthy; then it takes more and more memory, and answers no more. */
await troubled((nth) => {
  if (nth < 4) return false;
  if (nth === 4) setInterval(() => held.push(Buffer.alloc(32 * MIB, 1)));
  return true;
});

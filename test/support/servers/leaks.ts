import { troubled } from './troubled.ts';

const MIB = 1024 * 1024;
const held: Buffer[] = [];

/** Answers right twice, which proves it healthy; then it takes more and more memory, and answers no more. */
await troubled((nth) => {
  if (nth < 3) return false;
  if (nth === 3) setInterval(() => held.push(Buffer.alloc(32 * MIB, 1)));
  return true;
});

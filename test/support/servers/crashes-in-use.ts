import { troubled } from './troubled.ts';

/** Answers right four times, which proves it healthy, and then dies. */
await troubled((nth) => {
  if (nth < 5) return false;
  process.stderr.write('the kernel ran out of bounds\n');
  process.exit(139);
});

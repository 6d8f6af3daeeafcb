/** How a build stands that waits or runs on one machine. */
export type BuildProgress = {
  readonly deploymentId: string;
  /** Its place among those that wait for their turn, 1 the next; null once it runs. */
  readonly place: number | null;
  /** What it is doing, by its own words: letters, digits, commas and spaces, 60 at most. Null before it has said so. */
  readonly stage: string | null;
  /** How long (ms) it still takes, by the last build in the same environment; null where that is not known. */
  readonly leftMs: number | null;
};

// What a model prints is in the log too: whatever it says, no more than this comes of it.
const STAGE = /^progress: ([A-Za-z][A-Za-z0-9 ,]{0,59})$/;

/** The stage that the lines of a build's log (oldest first) came to; null when they tell none. */
export function stageOf(lines: readonly string[]): string | null {
  return (
    lines.map((line) => STAGE.exec(line)?.[1]).findLast((stage) => stage !== undefined) ?? null
  );
}

/** Whether a line of a build's log only tells its stage. */
export function isStage(line: string): boolean {
  return STAGE.test(line);
}

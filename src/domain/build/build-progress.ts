/** How a build stands that waits or runs. */
export type BuildProgress = {
  readonly deploymentId: string;
  /** Its place among those that wait for their turn, 1 the next; null once it runs, and in an account. */
  readonly place: number | null;
  /** What it is doing, by its own words: letters, digits, commas and spaces, 60 at most. Null before it has said so. In an account its phase, as CodeBuild names it, stands before that. */
  readonly stage: string | null;
  /** How long (ms) it still takes, by the last build in the same environment; null where that is not known. */
  readonly leftMs: number | null;
  /** The last lines of its log, oldest first. */
  readonly lines: readonly string[];
};

// What a model prints is in the log too: whatever it says, no more than this comes of it.
const STAGE = /^progress: ([A-Za-z][A-Za-z0-9 ,]{0,59})$/;

// CodeBuild has the time before it.
const COMMAND = /^\[Container\] ([\d/]+ [\d:.]+ )?Running command /;
const BUILDER = '[Container] ';
const LAST_LINES = 5;

/** The stage that the lines of a build's log (oldest first) came to; null when they tell none. */
export function stageOf(lines: readonly string[]): string | null {
  return (
    lines.map((line) => STAGE.exec(line)?.[1]).findLast((stage) => stage !== undefined) ?? null
  );
}

/** The last lines of a build's log (oldest first) that say something: what the builder says of itself, as that a phase is over, does not. */
export function lastLines(lines: readonly string[]): readonly string[] {
  return toShow(lines)
    .filter((line) => line.trim() !== '' && !line.startsWith(BUILDER))
    .slice(-LAST_LINES);
}

/** Whether a builder begins a command with this line of a build's log. */
export function isCommand(line: string): boolean {
  return COMMAND.test(line);
}

/** The lines of a build's log, without its commands and stages. */
export function toShow(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !isCommand(line) && !STAGE.test(line)).map(withoutQueries);
}

/** A presigned URL grants read access, so it stays out of events and off screens. */
export function withoutQueries(line: string): string {
  return line.replaceAll(/(https?:\/\/[^\s?"']+)\?[^\s"']*/g, '$1?…');
}

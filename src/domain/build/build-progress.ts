/** The progress of a build that waits or runs. */
export type BuildProgress = {
  readonly deploymentId: string;
  /** Its place in the queue, 1 for the next; null once it runs, and in an account. */
  readonly place: number | null;
  /** The build's own description of its current work: letters, digits, commas and spaces, 60 at most. Null before the first one. In an account, CodeBuild's name for its phase comes before it, and is there from the start. */
  readonly stage: string | null;
  /** The remaining time (ms), by the last build in the same environment; null where that is unknown. */
  readonly leftMs: number | null;
  /** The last lines of its log, oldest first. */
  readonly lines: readonly string[];
};

// A model's output is in the log too: whatever it prints, at most this text is taken from it.
const STAGE = /^progress: ([A-Za-z][A-Za-z0-9 ,]{0,59})$/;

// CodeBuild writes the time before it.
const COMMAND = /^\[Container\] ([\d/]+ [\d:.]+ )?Running command /;
const BUILDER = '[Container] ';
const LAST_LINES = 5;

/** The stage that the lines of a build's log (oldest first) reached; null when they name none. */
export function stageOf(lines: readonly string[]): string | null {
  return (
    lines.map((line) => STAGE.exec(line)?.[1]).findLast((stage) => stage !== undefined) ?? null
  );
}

/** The last informative lines of a build's log (oldest first), without the builder's reports about itself, such as the end of a phase. */
export function lastLines(lines: readonly string[]): readonly string[] {
  return toShow(lines)
    .filter((line) => line.trim() !== '' && !line.startsWith(BUILDER))
    .slice(-LAST_LINES);
}

/** Whether this line of a build's log is the start of a builder's command. */
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

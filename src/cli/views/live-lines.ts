import type { BuildProgress } from '#domain/build/build-progress.ts';
import type { DeploymentState } from '#domain/phase.ts';
import type { Room } from '../output.ts';
import { printableLine } from '../terminal.ts';
import { cutTo } from './wrapped.ts';

/** A deployment that runs: its model with the version, since when (ms, by the clock of whoever shows it), and how its build stands, where one does. */
export type Running = {
  readonly name: string;
  readonly state: DeploymentState;
  readonly sinceMs: number;
  readonly build: BuildProgress | null;
};

const WORDS: Partial<Record<DeploymentState, string>> = {
  Admitted: 'inspecting',
  Waiting: 'waiting for its turn',
  Inspected: 'planning',
  Building: 'building',
  Provisioning: 'starting its server',
  Ready: 'answers',
  Shifting: 'moving the traffic',
  Baking: 'watching it serve',
  Undeploying: 'taking it away',
};

// The rest of a line is for what happens.
const NAME_SHARE = 0.35;
// A line for what does not fit, and one for the cursor.
const OTHER_ROWS = 2;

/** A line for each deployment that runs, oldest first, cut to the terminal's width; those that have no row are counted in one more. */
export function liveLines(
  running: readonly Running[],
  nowMs: number,
  { columns, rows }: Room,
): readonly string[] {
  const shown = running.slice(0, Math.max(1, rows - OTHER_ROWS));
  const longest = Math.max(0, ...shown.map(({ name }) => name.length));
  const width = Math.min(longest, Math.floor(columns * NAME_SHARE));
  const lines = shown.map((each) => {
    const elapsed = duration(nowMs - each.sinceMs).padStart(6);
    const name = cutInside(each.name, width).padEnd(width);
    return withLeft(`${name}  ${elapsed}  ${doing(each)}`, leftOf(each), columns);
  });
  const more = running.length - shown.length;
  return more === 0 ? lines : [...lines, cutTo(`and ${more} more`, columns)];
}

/** The line of one deployment that runs, and below it the last lines of its build's log. */
export function withLog(running: Running, nowMs: number, room: Room): readonly string[] {
  const lines = running.state === 'Building' ? (running.build?.lines ?? []) : [];
  return [
    ...liveLines([running], nowMs, room),
    ...lines
      .slice(0, Math.max(0, room.rows - 1 - OTHER_ROWS))
      .map((line) => cutTo(printableLine(`  ${line}`), room.columns)),
  ];
}

function doing({ state, build }: Running): string {
  if (build === null || state !== 'Building') return WORDS[state] ?? state;
  return buildWords(build);
}

/** How a build stands, in a few words. */
export function buildWords({ place, stage }: BuildProgress): string {
  return place === null ? (stage ?? 'building') : `queued ${ordinal(place)}`;
}

/** Empty where it is not known, or over. */
function leftOf({ state, build }: Running): string {
  return state === 'Building' && build?.leftMs ? `, ${duration(build.leftMs)} left` : '';
}

/** The stage matters more than the time that is left. */
function withLeft(line: string, left: string, columns: number): string {
  return line.length + left.length <= columns ? line + left : cutTo(line, columns);
}

/** Names that begin alike end by what tells them apart, and with their version. */
function cutInside(name: string, columns: number): string {
  const kept = columns - 1;
  if (name.length <= columns) return name;
  return `${name.slice(0, Math.floor(kept / 2))}…${name.slice(-Math.ceil(kept / 2))}`;
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}

function ordinal(place: number): string {
  const endings = ['th', 'st', 'nd', 'rd'];
  const isTeen = Math.floor(place / 10) % 10 === 1;
  return place + ((isTeen ? undefined : endings[place % 10]) ?? 'th');
}

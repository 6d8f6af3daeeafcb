import type { VersionChange } from '../../src/domain/event.ts';
import type { NEXT_PHASES, Phase } from '../../src/domain/phase.ts';
import type { Tone } from '../look/parts.ts';
import type { ModelStatus } from './api.ts';

/** The phases that no other follows. */
type End = {
  [Each in Phase]: (typeof NEXT_PHASES)[Each] extends readonly [] ? Each : never;
}[Phase];

// A phase without a colour here counts as under way, so the compiler asks for the colour of each end.
const TONES: Readonly<Record<string, Tone>> = {
  Live: 'good',
  Mended: 'good',
  Undeployed: 'quiet',
  Superseded: 'quiet',
  Ignored: 'quiet',
  Retired: 'quiet',
  Removed: 'quiet',
  Rejected: 'bad',
  Failed: 'bad',
  Damaged: 'bad',
  Unhealthy: 'bad',
  OutOfMemory: 'bad',
  Aborted: 'warn',
  RolledBack: 'warn',
  Restarted: 'warn',
  AwaitingApproval: 'warn',
  Advised: 'warn',
  Overspent: 'warn',
} satisfies Readonly<Record<End | VersionChange | 'AwaitingApproval', Tone>>;

/** The colour of a phase or a state. */
export function toneOf(phase: string): Tone {
  return TONES[phase] ?? 'busy';
}

const WORDS: Readonly<Record<string, string>> = {
  AwaitingApproval: 'awaits approval',
  Waiting: 'waits',
  OutOfMemory: 'out of memory',
  RolledBack: 'rolled back',
  RollingBack: 'rolling back',
};

/** A phase or a state as a person reads it. */
export function phaseWords(phase: string): string {
  return WORDS[phase] ?? phase.toLowerCase();
}

export function isUnderWay(phase: string): boolean {
  return phase === 'AwaitingApproval' || toneOf(phase) === 'busy';
}

/** Who dropped an artifact, as far as it is known. The name that the system knows goes before the one that the caller claims. */
export function dropperOf(dropped: NonNullable<ModelStatus['newest']>['droppedBy']): string {
  return dropped?.requester ?? dropped?.claims ?? '';
}

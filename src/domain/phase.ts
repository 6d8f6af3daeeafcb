const AFTER_WAITING = [
  'Inspected',
  'Provisioning',
  'Undeploying',
  'Superseded',
  'Rejected',
  'Aborted',
  'Failed',
] as const;

/**
 * The phases of a deployment and the only moves between them; a registry refuses every other move with `PhaseConflict`.
 * A phase with no next phase is terminal: a deployment reaches exactly one of them, and announces it once.
 */
export const NEXT_PHASES = {
  Admitted: ['AwaitingApproval', 'Waiting', ...AFTER_WAITING],
  AwaitingApproval: ['Waiting', 'Provisioning', 'Superseded', 'Rejected', 'Aborted', 'Failed'],
  Waiting: AFTER_WAITING,
  Inspected: ['Building', 'Provisioning', 'Superseded', 'Rejected', 'Aborted', 'Failed'],
  Building: ['Provisioning', 'Superseded', 'Rejected', 'Aborted', 'Failed'],
  Provisioning: ['Ready', 'Rejected', 'Aborted', 'Failed'],
  Ready: ['Compared', 'Shifting', 'Aborted', 'Failed'],
  Compared: ['Shifting', 'Rejected', 'Aborted', 'Failed'],
  Shifting: ['Baking', 'RollingBack', 'Failed'],
  Baking: ['Shifting', 'Live', 'RollingBack', 'Failed'],
  RollingBack: ['RolledBack', 'Failed'],
  Undeploying: ['Undeployed', 'Failed'],
  Live: [],
  Rejected: [],
  Ignored: [],
  Superseded: [],
  Aborted: [],
  Failed: [],
  RolledBack: [],
  Undeployed: [],
} as const satisfies Record<string, readonly string[]>;

export type Phase = keyof typeof NEXT_PHASES;

/** The phases that an event announces as its `state`: all but `RollingBack`, whose outcome is announced instead. */
export type DeploymentState = Exclude<Phase, 'RollingBack'>;

export function isTerminal(phase: Phase): boolean {
  return NEXT_PHASES[phase].length === 0;
}

/** The same of a phase that another Slipway says: a newer one may have one that this one does not know, which is waited out. */
export function isOver(phase: string): boolean {
  return Object.hasOwn(NEXT_PHASES, phase) && isTerminal(phase as Phase);
}

/** Whether a deployment has begun: before that it waits for its turn and changes nothing. */
export function hasBegun(phase: Phase): boolean {
  return !['Admitted', 'AwaitingApproval', 'Waiting'].includes(phase);
}

/** A deployment ended from outside in one of these phases may leave traffic that differs from the registry. */
export function hasMovedTraffic(phase: Phase): boolean {
  return ['Shifting', 'Baking', 'RollingBack', 'Undeploying'].includes(phase);
}

export function mayMove(from: Phase, to: Phase): boolean {
  const next: readonly string[] = NEXT_PHASES[from];
  return next.includes(to);
}

/** The final phase of a deployment that does not continue: `Aborted` when a person has given it up before any traffic moved, else `Failed`. `trouble` is the name of the failure that ends it. */
export function unfinished(phase: Phase, trouble: string | undefined): 'Aborted' | 'Failed' {
  return trouble === 'Aborted' && mayMove(phase, 'Aborted') ? 'Aborted' : 'Failed';
}

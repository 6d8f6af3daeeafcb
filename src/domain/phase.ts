/**
 * The phases of a deployment and the only moves between them; a registry refuses every other move with `PhaseConflict`.
 * A phase with no next phase is terminal: a deployment reaches exactly one of them, and announces it once.
 */
export const NEXT_PHASES = {
  Admitted: [
    'AwaitingApproval',
    'Waiting',
    'Inspected',
    'Provisioning',
    'Undeploying',
    'Superseded',
    'Rejected',
    'Failed',
  ],
  AwaitingApproval: ['Waiting', 'Provisioning', 'Superseded', 'Rejected', 'Failed'],
  Waiting: ['Inspected', 'Provisioning', 'Undeploying', 'Superseded', 'Rejected', 'Failed'],
  Inspected: ['Building', 'Provisioning', 'Rejected', 'Failed'],
  Building: ['Provisioning', 'Superseded', 'Rejected', 'Failed'],
  Provisioning: ['Ready', 'Rejected', 'Failed'],
  Ready: ['Shifting', 'Failed'],
  Shifting: ['Baking', 'RollingBack', 'Failed'],
  Baking: ['Shifting', 'Live', 'RollingBack', 'Failed'],
  RollingBack: ['RolledBack', 'Failed'],
  Undeploying: ['Undeployed', 'Failed'],
  Live: [],
  Rejected: [],
  Ignored: [],
  Superseded: [],
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

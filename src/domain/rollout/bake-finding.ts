/**
 * The finding of a judge. `passed`: its evidence shows health. `unproven`: it has too little evidence, which holds no version back. `doubtful`: too little to let the version go on, so the bake goes on. `breach`: its evidence shows harm.
 */
export type Finding = {
  readonly verdict: 'passed' | 'unproven' | 'doubtful' | 'breach';
  readonly reason: string;
  /** The remedy for a breach that has one of its own. */
  readonly fix?: string;
};

export type Judge = 'alarms' | 'probes' | 'traffic' | 'pace' | 'answers';

/** The finding of each judge who was asked. */
export type JudgedBy = readonly (Finding & { readonly judge: Judge })[];

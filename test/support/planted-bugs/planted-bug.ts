import type { FaultOptions } from '../faults/run.ts';
import type { FaultScenario } from '../faults/scenarios.ts';

/** A bug that another tool had, or this one, made again; `caught` is the invariant that shows it. */
export type PlantedBug = Pick<FaultOptions, 'spoil' | 'within'> & {
  readonly bug: string;
  readonly what: string;
  readonly scenario: FaultScenario;
  readonly caught: string;
};

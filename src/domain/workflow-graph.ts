import * as z from 'zod/mini';

/** One run of a state: `endedAtMs` is null while it runs, `error` the name of the failure that ended it. */
export type StepRun = {
  readonly state: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly error: string | null;
};

/** A workflow as a picture needs it. `next` are the states that may follow when all goes well, in the definition's order; `caught` those that a failure leads to. */
export type WorkflowGraph = {
  readonly startAt: string;
  readonly states: readonly {
    readonly name: string;
    readonly type: string;
    readonly comment: string;
    readonly next: readonly string[];
    readonly caught: readonly string[];
  }[];
};

const to = z.object({ Next: z.string() });

/** The parts of Amazon States Language that say what follows what. */
const definition = z.object({
  StartAt: z.string(),
  States: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Comment: z.optional(z.string()),
      Next: z.optional(z.string()),
      Default: z.optional(z.string()),
      Choices: z.optional(z.array(to)),
      Catch: z.optional(z.array(to)),
    }),
  ),
});

/** The graph of a definition in Amazon States Language. */
export function workflowGraph(asl: unknown): WorkflowGraph {
  const { StartAt, States } = definition.parse(asl);
  return {
    startAt: StartAt,
    states: Object.entries(States).map(([name, state]) => ({
      name,
      type: state.Type,
      comment: state.Comment ?? '',
      next: once([...(state.Choices ?? []).map(({ Next }) => Next), state.Next, state.Default]),
      caught: once((state.Catch ?? []).map(({ Next }) => Next)),
    })),
  };
}

function once(names: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(names.flatMap((name) => name ?? []))];
}

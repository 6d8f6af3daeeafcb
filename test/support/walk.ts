import { StateMachine } from 'aws-local-stepfunctions';
import type { FailureName } from '#domain/failure.ts';
import { type StepName, type StepOutput, workflow } from '#domain/workflow.ts';
import { deployAsl, deployStates, type Edge } from './deploy-asl.ts';

/** What a step does in a walk: an answer, an error by name, or an answer that it should never give. A list is used up one run at a time, its last entry for ever. */
type Act<Name extends StepName> =
  | StepOutput<Name>
  | { readonly throws: FailureName | 'TypeError' }
  | { readonly unforeseen: unknown };
type BuildAct = { readonly Build: object } | { readonly throws: string };
export type Script = { readonly [Name in StepName]?: Act<Name> | readonly Act<Name>[] } & {
  readonly BuildImage?: readonly BuildAct[];
};

export type Walk = {
  readonly states: readonly string[];
  readonly edges: readonly Edge[];
  readonly runs: Readonly<Record<string, number>>;
  readonly payloads: Readonly<Record<string, readonly unknown[]>>;
  readonly outcome: string;
};

const lease = { epoch: 1, resume: 'none', retrySeconds: 0, attempt: 1 } as const;

/** Each step's answer on the shortest way to Live. */
const HAPPY = {
  AdmitDeployment: { kind: 'admitted', id: 'd1', model: 'digits', reason: '' },
  AcquireLease: { ...lease, kind: 'acquired' },
  InspectArtifact: {},
  PlanBuild: { kind: 'built', imageTag: '', artifactUrl: '', token: '' },
  ExplainBuild: {},
  ChooseTarget: { target: 'lambda' },
  ProvisionLambda: {},
  DescribeCandidate: { kind: 'ready', retrySeconds: 1, attempt: 1 },
  CheckHealth: { kind: 'healthy' },
  ShiftTraffic: { sliceSeconds: 0 },
  VerifyTraffic: { kind: 'verified', retrySeconds: 0, attempt: 1 },
  JudgeBake: { kind: 'done', attempt: 1 },
  CommitDeployment: { kind: 'Live', drainSeconds: 0 },
  RetirePrevious: {},
  RollBack: {},
  Compensate: { kind: 'Failed', drainSeconds: 0 },
  ReleaseLease: {},
} as const satisfies { [Name in StepName]: StepOutput<Name> };

const BUILT = { Build: { ExportedEnvironmentVariables: [{ Name: 'A', Value: 'b' }] } };

const EVENT = {
  detail: {
    bucket: { name: 'bucket' },
    object: { key: 'models/digits/a.onnx', 'version-id': 'v1' },
  },
};

const machine = new StateMachine(deployAsl, { validationOptions: { checkArn: false } });

/** Walks the workflow that ships with scripted steps, and tells the states and edges it took. Waits and retries take no time. */
export async function walk(script: Script = {}): Promise<Walk> {
  const payloads: Record<string, unknown[]> = {};
  const record = (name: string, payload: unknown) => {
    payloads[name] = [...(payloads[name] ?? []), payload];
    return payloads[name].length - 1;
  };
  const names = Object.keys(workflow) as StepName[];
  const handlers = Object.fromEntries(
    names.map((name) => [
      name,
      async (parameters: unknown) => {
        const { input, output } = workflow[name];
        const payload = input.parse((parameters as { Payload: unknown }).Payload);
        const act = actOf(script, name, record(name, payload));
        if ('throws' in act)
          throw Object.assign(new Error(cause(act.throws)), { name: act.throws });
        const answer = 'unforeseen' in act ? (act.unforeseen as object) : output.parse(act);
        return { Payload: { ...answer } };
      },
    ]),
  );
  const build = async (parameters: unknown) => {
    const acts = script.BuildImage ?? [BUILT];
    const act = acts[Math.min(record('BuildImage', parameters), acts.length - 1)]!;
    if ('throws' in act) throw Object.assign(new Error(cause(act.throws)), { name: act.throws });
    return JSON.parse(JSON.stringify(act));
  };
  const run = machine.run(EVENT, {
    overrides: {
      taskResourceLocalHandlers: { ...handlers, BuildImage: build },
      waitTimeOverrides: overridesOf('Wait', 0),
      retryIntervalOverrides: overridesOf('Task', 0),
    },
    context: { Execution: { Id: 'execution-1', Name: 'execution-1' } },
  });
  const failure = await run.result.then(
    () => undefined,
    (error: Error) => (error.cause as Error).name,
  );
  const states: string[] = [];
  const taken: Edge[] = [];
  let caught = false;
  for await (const log of run.eventLogs) {
    if (log.type === 'StateCaught') caught = true;
    if (log.type !== 'StateEntered') continue;
    const { name } = log.state;
    const from = states.at(-1);
    if (from !== undefined)
      taken.push({ from, by: caught ? 'Catch' : wayTo(from, name), to: name });
    states.push(name);
    caught = false;
  }
  const runs = Object.fromEntries(
    Object.entries(payloads).map(([name, list]) => [name, list.length]),
  );
  return { states, edges: taken, runs, payloads, outcome: failure ?? 'Succeeded' };
}

function actOf(script: Script, name: StepName, run: number): Act<StepName> {
  const scripted = script[name] ?? HAPPY[name];
  const list = (Array.isArray(scripted) ? scripted : [scripted]) as readonly Act<StepName>[];
  return list[Math.min(run, list.length - 1)]!;
}

function cause(errorType: string): string {
  return JSON.stringify({ errorType, errorMessage: `${errorType} was scripted` });
}

function wayTo(from: string, to: string): string {
  const { Next, Choices = [] } = deployStates[from]!;
  if (Next === to) return 'Next';
  const rule = Choices.findIndex((choice) => choice.Next === to);
  return rule === -1 ? 'Default' : `rule ${rule}`;
}

function overridesOf(type: string, ms: number): Record<string, number> {
  const names = Object.entries(deployStates).filter(([, state]) => state.Type === type);
  return Object.fromEntries(names.map(([name]) => [name, ms]));
}

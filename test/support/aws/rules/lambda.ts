import { randomUUID } from 'node:crypto';
import type { AwsCall, AwsRule, Refusal } from './rules.ts';

/** The reason for a failed change, as GetFunction reports it. */
export type LambdaFault = { readonly code: string; readonly reason: string };

export type LambdaStates = {
  readonly rules: readonly AwsRule[];
  /** Makes the next change of the function fail at its end. */
  failNext(functionName: string, fault: LambdaFault): void;
  /** A version (or $LATEST) had no request for weeks: it is Inactive until an invocation wakes it. */
  putAside(functionName: string, version: string): void;
};

type Standing = {
  state: 'Active' | 'Pending' | 'Inactive' | 'Failed';
  update: 'Successful' | 'InProgress' | 'Failed';
  looksLeft: number;
  revisionId: string;
  fault: LambdaFault | undefined;
};

const LATEST = '$LATEST';
const STATES = 'https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html';
const CHANGES = ['UpdateFunctionConfiguration', 'UpdateFunctionCode', 'PublishVersion'];

/** Lambda's changes over time: a change is Pending or InProgress for `looks` calls of GetFunction, and gives a new RevisionId when it begins and when it ends. */
export function lambdaStates({ looks }: { readonly looks: number }): LambdaStates {
  const standings = new Map<string, Standing>();
  const faults = new Map<string, LambdaFault>();

  const standingOf = (name: string, version = LATEST): Standing => {
    const key = `${name}:${version}`;
    const known = standings.get(key);
    if (known) return known;
    const fresh: Standing = {
      state: 'Active',
      update: 'Successful',
      looksLeft: 0,
      revisionId: randomUUID(),
      fault: undefined,
    };
    standings.set(key, fresh);
    return fresh;
  };

  const begin = (name: string, version: string, change: Partial<Standing>): Standing => {
    const standing = standingOf(name, version);
    const fault = faults.get(name);
    faults.delete(name);
    Object.assign(standing, change, { fault, looksLeft: looks, revisionId: randomUUID() });
    if (looks === 0) end(standing);
    return standing;
  };

  const forget = (name: string): void => {
    for (const key of standings.keys()) if (key.startsWith(`${name}:`)) standings.delete(key);
  };

  const rules: readonly AwsRule[] = [
    {
      name: 'lambda: nothing is changed, published or invoked while a change is under way',
      service: 'Lambda',
      commands: [...CHANGES, 'Invoke'],
      source: STATES,
      before({ command, input }) {
        const { state, update } = standingOf(nameOf(input), qualifierOf(input));
        if (state === 'Pending')
          return conflict('The function is currently in the following state: Pending');
        const isChange = update === 'InProgress' && command !== 'Invoke';
        return isChange ? conflict('An update is in progress for resource') : undefined;
      },
    },
    {
      name: 'lambda: an invocation of an Inactive function is refused and wakes it',
      service: 'Lambda',
      commands: ['Invoke'],
      source: STATES,
      before({ input }) {
        const standing = standingOf(nameOf(input), qualifierOf(input));
        if (standing.state !== 'Inactive') return undefined;
        begin(nameOf(input), qualifierOf(input), { state: 'Pending' });
        return conflict('The function is currently in the following state: Inactive');
      },
    },
    {
      name: 'lambda: a stale RevisionId is refused',
      service: 'Lambda',
      commands: CHANGES,
      source:
        'https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html, and aws/aws-sdk#377: it also changes when a change ends',
      before({ command, input }) {
        const wanted = input['RevisionId'];
        const standing = standingOf(nameOf(input));
        if (wanted === undefined) return undefined;
        if (wanted !== standing.revisionId) return preconditionFailed();
        // When two calls are under way at once, the second is already too late.
        if (command !== 'PublishVersion') standing.revisionId = randomUUID();
        return undefined;
      },
    },
    {
      name: 'lambda: a change takes a while, and shows in State, LastUpdateStatus and RevisionId',
      service: 'Lambda',
      commands: ['CreateFunction', 'DeleteFunction', 'GetFunction', ...CHANGES],
      source: STATES,
      after({ command, input }, output) {
        const name = nameOf(input);
        switch (command) {
          case 'GetFunction':
            return looked(standingOf(name, qualifierOf(input)), output);
          case 'PublishVersion':
            return { ...output, ...shown(published(name, output)) };
          case 'DeleteFunction':
            if (input['Qualifier'] === undefined) forget(name);
            return undefined;
          case 'CreateFunction':
            forget(name);
            return { ...output, ...shown(begin(name, LATEST, { state: 'Pending' })) };
          default:
            return { ...output, ...shown(begin(name, LATEST, { update: 'InProgress' })) };
        }
      },
    },
  ];

  function published(name: string, output: object): Standing {
    const { Version } = output as { Version: string };
    const isKnown = standings.has(`${name}:${Version}`);
    return isKnown ? standingOf(name, Version) : begin(name, Version, { state: 'Pending' });
  }

  return {
    rules,
    failNext: (name, fault) => void faults.set(name, fault),
    putAside: (name, version) => Object.assign(standingOf(name, version), { state: 'Inactive' }),
  };
}

/** The answer to one look; the last of `looks` ends the change. */
function looked(standing: Standing, output: object): object {
  const { Configuration } = output as { Configuration: object };
  const answer = { ...output, Configuration: { ...Configuration, ...shown(standing) } };
  if (standing.looksLeft > 0) {
    standing.looksLeft -= 1;
    if (standing.looksLeft === 0) end(standing);
  }
  return answer;
}

function end(standing: Standing): void {
  const outcome = standing.fault ? 'Failed' : undefined;
  if (standing.state === 'Pending') standing.state = outcome ?? 'Active';
  if (standing.update === 'InProgress') standing.update = outcome ?? 'Successful';
  standing.revisionId = randomUUID();
}

function shown({ state, update, fault, revisionId }: Standing): object {
  return {
    State: state,
    LastUpdateStatus: update,
    RevisionId: revisionId,
    ...(state === 'Failed' && { StateReasonCode: fault?.code, StateReason: fault?.reason }),
    ...(update === 'Failed' && {
      LastUpdateStatusReasonCode: fault?.code,
      LastUpdateStatusReason: fault?.reason,
    }),
  };
}

export function nameOf(input: AwsCall['input']): string {
  return String(input['FunctionName']);
}

function qualifierOf(input: AwsCall['input']): string {
  return String(input['Qualifier'] ?? LATEST);
}

export function conflict(text: string): Refusal {
  const message = `The operation cannot be performed at this time. ${text}`;
  return { name: 'ResourceConflictException', message, status: 409 };
}

export function preconditionFailed(): Refusal {
  const message =
    'The RevisionId provided does not match the latest RevisionId for the Lambda function or alias. Call the GetFunction or the GetAlias API to retrieve the latest RevisionId for your resource.';
  return { name: 'PreconditionFailedException', message, status: 412 };
}

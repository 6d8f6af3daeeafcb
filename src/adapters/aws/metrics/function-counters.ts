import { ALIASES, type FunctionKind } from '#adapters/aws/lambda/model-function.ts';
import type { Counter } from '#adapters/aws/logs/metric-sums.ts';

type Executed = {
  readonly functionName: string;
  readonly version: string;
  readonly kind: FunctionKind;
  /** The deployment that made the version. */
  readonly madeBy: string;
};

/** The counters of a function's version, by their names. */
export function functionCounters({ functionName, version, kind, madeBy }: Executed) {
  const alias = { FunctionName: functionName, Resource: `${functionName}:${ALIASES[kind]}` };
  const counter = (name: string, dimensions: Counter['dimensions']): Counter => ({
    namespace: 'AWS/Lambda',
    name,
    dimensions,
  });
  return {
    /** Lambda's counters of the requests that came by the alias of clients, whichever version they were meant for. */
    ofAlias: (name: string) => counter(name, alias),
    /** Lambda's counters of those that the version executed. */
    ofVersion: (name: string) => counter(name, { ...alias, ExecutedVersion: version }),
    /** The server's own counters. Any model can print a line for any function and version, but not with the mark of another's. */
    ofServer: (name: string): Counter => ({
      namespace: 'Slipway',
      name,
      dimensions: { FunctionName: functionName, ExecutedVersion: version, Deployment: madeBy },
    }),
  };
}

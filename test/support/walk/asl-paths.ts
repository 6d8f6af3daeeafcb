import * as z from 'zod/mini';
import { type StepName, workflow } from '#domain/workflow.ts';
import type { AslState, Machine } from './asl.ts';
import { isBuild } from './script.ts';

type Paths = ReadonlySet<string>;
type Read = { readonly state: string; readonly path: string };

/** The JSONPaths (`$.a.b`) that a state reads from its input, or from its step's answer (`$.Payload.a`). */
function reads(state: AslState): {
  readonly input: readonly string[];
  readonly answer: readonly string[];
} {
  const rules = (state.Choices ?? []).flatMap(
    (rule) => rule.And?.map((each) => each.Not ?? each) ?? [{ Variable: rule.Variable ?? '' }],
  );
  return {
    input: [
      ...paths(state.Parameters),
      ...rules.map(({ Variable }) => Variable),
      ...(state.SecondsPath ? [state.SecondsPath] : []),
    ].filter((path) => path !== '$' && !path.startsWith('$$.')),
    answer: paths(state.ResultSelector),
  };
}

function paths(template: unknown): readonly string[] {
  if (typeof template !== 'object' || template === null) return [];
  return Object.entries(template).flatMap(([key, value]) =>
    // An intrinsic function, such as States.MathAdd($.a.b, 1), reads its arguments.
    key.endsWith('.$') ? (String(value).match(/\$[\w.$]*/g) ?? []) : paths(value),
  );
}

/** The fields that a step's answer always has, as paths below `prefix`: optional fields are left out. */
function fieldsOf(name: StepName, prefix: string): readonly string[] {
  const schema = z.toJSONSchema(workflow[name].output);
  return (schema.required ?? []).map((field) => `${prefix}.${field}`);
}

/** The paths of a task's own answer that are surely in it. */
function answersOf(name: string): readonly string[] {
  // https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
  if (isBuild(name)) return ['$.Build.ExportedEnvironmentVariables'];
  return ['$.Payload', ...fieldsOf(name as StepName, '$.Payload')];
}

/** The document as a state leaves it, by the paths that are surely in it. */
function leave(name: string, state: AslState, before: Paths): Paths {
  if (state.Type !== 'Task' || state.ResultPath === null) return before;
  const added = Object.entries(state.ResultSelector ?? {}).flatMap(([key, value]) =>
    selected(name as StepName, key, value),
  );
  const at = state.ResultPath;
  if (at === undefined) return new Set(added.map((path) => `$.${path}`));
  const kept = [...before].filter((path) => path !== at && !path.startsWith(`${at}.`));
  return new Set([...kept, at, ...added.map((path) => `${at}.${path}`)]);
}

function selected(name: StepName, key: string, value: unknown): readonly string[] {
  if (key.endsWith('.$')) {
    const field = key.slice(0, -2);
    return value === '$.Payload' ? [field, ...fieldsOf(name, field)] : [field];
  }
  const inner = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  return [key, ...inner.map((innerKey) => `${key}.${innerKey}`)];
}

const CAUGHT = ['$.error', '$.error.Error', '$.error.Cause'];

/** The paths that are in each state's input, whichever way it was reached. */
function surelyThere({ startAt, states }: Machine): ReadonlyMap<string, Paths> {
  const known = new Map<string, Paths>([[startAt, new Set()]]);
  const open = [startAt];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = states[name]!;
    const before = known.get(name)!;
    const caught = new Set([...before, ...CAUGHT]);
    const after = leave(name, state, before);
    const ways: [string, Paths][] = [
      ...[state.Next, state.Default, ...(state.Choices ?? []).map(({ Next }) => Next)]
        .filter((to) => to !== undefined)
        .map((to): [string, Paths] => [to, after]),
      ...(state.Catch ?? []).map(({ Next }): [string, Paths] => [Next, caught]),
    ];
    for (const [to, has] of ways) {
      const had = known.get(to);
      const both = new Set([...has].filter((path) => had?.has(path) ?? true));
      if (both.size === had?.size) continue;
      known.set(to, both);
      open.push(to);
    }
  }
  return known;
}

/** Every path that some state reads and that may not be there when it does. */
export function danglingPaths(machine: Machine): readonly Read[] {
  const there = surelyThere(machine);
  return Object.entries(machine.states).flatMap(([name, state]) => {
    const { input, answer } = reads(state);
    const answers = state.Type === 'Task' ? answersOf(name) : [];
    return [
      ...input.filter((path) => !there.get(name)?.has(path)),
      ...answer.filter((path) => !answers.includes(path)),
    ].map((path) => ({ state: name, path }));
  });
}

export function unreachedStates(machine: Machine): readonly string[] {
  const there = surelyThere(machine);
  return Object.keys(machine.states).filter((name) => !there.has(name));
}

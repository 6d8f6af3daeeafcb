import type { ModelFacts } from '#domain/artifact/facts.ts';
import { pageOf } from '#domain/artifact/format.ts';
import support from '#domain/data/python-support.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';

/** The environment of a Python model: the interpreter, and the requirements to `pip install` besides the server's own packages, sorted. */
export type PythonEnvironment = {
  /** "3.12" */
  readonly python: string;
  /** Other versions that the framework supports, the nearest first: a local machine may lack the preferred one. */
  readonly orElse: readonly string[];
  readonly requirements: readonly string[];
  /** True where the model gets a GPU: torch then comes with CUDA's libraries. */
  readonly cuda?: true;
};

type Facts = Pick<
  ModelFacts,
  'format' | 'framework' | 'pythonVersion' | 'requirements' | 'takesColumns'
>;

/** The manifest's settings, which override the artifact's. */
type RequestedEnvironment = {
  readonly pythonVersion?: string;
  readonly requirements?: readonly string[];
};

type Range = { readonly oldest: string; readonly newest: string };

const FRAMEWORKS: Readonly<Record<string, readonly (Range & Supported)[]>> = support.frameworks;
type Supported = {
  readonly from: string;
  readonly with: readonly string[];
  /** The pandas versions from which it takes tables; absent if the framework names none. */
  readonly pandas?: string;
};

// Without a GPU, the 900 MB of CUDA are useless. https://pypi.org/project/xgboost-cpu
const XGBOOST_CPU_FROM = '2.1.1';

/**
 * The environment of a model: its framework at the exact version that made it, and the Python it names, else one that this framework supports.
 * Fails with `ArtifactRejected` when the framework is too old for every Python that Slipway serves, or does not support the Python that the manifest names.
 */
export function pythonEnvironment(
  facts: Facts,
  requested: RequestedEnvironment = {},
): PythonEnvironment {
  const { framework } = facts;
  const pin = framework ? [pinned(framework)] : [];
  const row = framework?.version ? rowOf(framework.name, framework.version) : undefined;
  const range = row ?? support.served;
  requireWithin(requested.pythonVersion, range, framework);
  const version = requested.pythonVersion ?? facts.pythonVersion;
  const requirements = requested.requirements ?? facts.requirements;
  const python = within(minor(version ?? support.served.usual), range);
  return {
    python,
    orElse: requested.pythonVersion ? [] : others(python, range),
    requirements: sorted([
      ...pin,
      ...(row?.with ?? []),
      ...requirements,
      ...(needsPandas(facts, requirements) ? [row?.pandas ?? 'pandas'] : []),
    ]),
  };
}

/** Whether the packages include a framework that Slipway serves directly: every model of a framework lists that framework among its packages. */
export function namesFramework({ requirements }: PythonEnvironment): boolean {
  const names = requirements.map((each) => /^[\w.-]*/.exec(each)?.[0] ?? '');
  return names.some((name) => name.replace(/-cpu$/, '') in FRAMEWORKS);
}

/** Models that take named columns get them as a pandas DataFrame, except in formats whose framework takes columns without pandas. */
function needsPandas({ format, takesColumns }: Facts, requirements: readonly string[]): boolean {
  const isNamed = requirements.some((requirement) => /^pandas\b/i.test(requirement));
  return takesColumns && !isNamed && !pageOf(format).needsNoPandas;
}

/** The last row that begins at or before this version; undefined for an unlisted framework. */
function rowOf(name: string, version: string): (Range & Supported) | undefined {
  const rows = FRAMEWORKS[name];
  if (!rows) return undefined;
  const row = rows.findLast(({ from }) => compare(version, from) >= 0);
  if (row) return row;
  throw new Failure(
    'ArtifactRejected',
    `the model was made by ${name} ${version}; the oldest version that runs on Python ${support.served.oldest}, the oldest supported, is ${rows[0]?.from}`,
    { fix: `Load it with a newer ${name} and save it again.` },
  );
}

// https://packaging.python.org/en/latest/specifications/version-specifiers, without epochs.
const VERSION = /^\d+(\.\d+){0,3}(\.?(a|b|rc|dev|post)\d+)*(\+[a-zA-Z0-9.]+)?$/;

/** Whether the text is safe after `==` in a line of requirements: a version, and nothing else. */
export function isVersion(text: string): boolean {
  return text.length <= 50 && VERSION.test(text);
}

function pinned({ name, version }: { readonly name: string; readonly version: string | null }) {
  if (version === null) return name;
  if (!isVersion(version)) {
    throw new Failure(
      'ArtifactRejected',
      `the model was made by ${name} ${JSON.stringify(version)}, which is not a version`,
      { fix: `Save it again with a released ${name}.` },
    );
  }
  const isSplit = name === 'xgboost' && compare(version, XGBOOST_CPU_FROM) >= 0;
  return `${isSplit ? 'xgboost-cpu' : name}==${version}`;
}

function requireWithin(
  version: string | undefined,
  range: Range,
  framework: Facts['framework'],
): void {
  if (!framework || !version || within(version, range) === version) return;
  const { name, version: made } = framework;
  throw new Failure(
    'ArtifactRejected',
    `build.pythonVersion is ${version}; the model was made by ${name} ${made ?? ''}, which runs on Python ${range.oldest} to ${range.newest}`,
    { fix: 'Use one of these, or remove the key.' },
  );
}

function within(version: string, { oldest, newest }: Range): string {
  if (compare(version, oldest) < 0) return oldest;
  return compare(version, newest) > 0 ? newest : version;
}

function others(python: string, { oldest, newest }: Range): readonly string[] {
  const [least, most, taken] = [oldest, newest, python].map(minorNumber);
  return Array.from({ length: (most ?? 0) - (least ?? 0) + 1 }, (_, step) => (least ?? 0) + step)
    .filter((number) => number !== taken)
    .toSorted((a, b) => Math.abs(a - (taken ?? 0)) - Math.abs(b - (taken ?? 0)) || b - a)
    .map((number) => `3.${number}`);
}

function minorNumber(version: string): number {
  return Number(version.split('.')[1]);
}

function minor(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

function sorted(requirements: readonly string[]): readonly string[] {
  return [...new Set(requirements)].toSorted();
}

/** Compares versions by their numbers; a part that is not a number counts as 0. */
function compare(one: string, other: string): number {
  const [a, b] = [one, other].map((version) =>
    version.split('.').map((part) => Number.parseInt(part, 10) || 0),
  );
  for (const place of [0, 1, 2, 3]) {
    const difference = (a?.[place] ?? 0) - (b?.[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

import type { BuildPlan } from '#domain/deployment.ts';
import { namesFramework, type PythonEnvironment } from './python-environment.ts';
import { convertedBy, type EnvironmentKind, RUNTIMES, type RuntimeName } from './runtime.ts';

/**
 * An image of the software that serves or converts models, without any model. It is built once for all models that need the same, and `tag` names its contents.
 * `python` is null where the runtime takes no packages.
 */
export type EnvironmentImage = EnvironmentKind & {
  readonly tag: string;
  readonly runtime: RuntimeName;
  readonly python: PythonEnvironment | null;
};

/** The order for a build of environments: all images that must exist after it, in build order, and nothing about any artifact. */
export type EnvironmentOrder = { readonly environments: readonly EnvironmentImage[] };

/** The tags, by name, of the environments whose layers a model's build uses and in which it proves the model. */
export type EnvironmentTags = Readonly<Record<string, string>>;

type Wanted = {
  readonly plan: Pick<BuildPlan, 'runtime' | 'environmentHash' | 'python'>;
  /** Whether the model may be converted for another runtime. */
  readonly converts: boolean;
  /** A hash of each runtime as installed, without its models' packages. */
  readonly hashes: Readonly<Record<RuntimeName, string>>;
};

/** The environments of a model, in build order. The one that serves it as saved comes last, so when it exists, the others have been tried. */
export function environmentImages({
  plan: { runtime, environmentHash, python },
  converts,
  hashes,
}: Wanted): readonly EnvironmentImage[] {
  const other = converts ? convertedBy(runtime) : undefined;
  return [
    ...(other ? imagesOf(other, hashes[other], null) : []),
    ...imagesOf(runtime, environmentHash, python),
  ];
}

function imagesOf(
  runtime: RuntimeName,
  hash: string,
  python: PythonEnvironment | null,
): readonly EnvironmentImage[] {
  // A converter is built even for a model that is not converted: the next model finds the rest and does not check for a converter. Packages without a framework have no such next model.
  const isNeeded = (kind: EnvironmentKind) =>
    !kind.isOptional || python === null || namesFramework(python);
  return RUNTIMES[runtime].image.environments
    .filter(isNeeded)
    .map((kind) => ({ ...kind, tag: `${kind.name}-${hash}`, runtime, python }));
}

/** The tags of the environments that a model requires. */
export function requiredTags(environments: readonly EnvironmentImage[]): readonly string[] {
  return environments.filter(({ isOptional }) => !isOptional).map(({ tag }) => tag);
}

export function environmentTags(environments: readonly EnvironmentImage[]): EnvironmentTags {
  return Object.fromEntries(environments.map(({ name, tag }) => [name, tag]));
}

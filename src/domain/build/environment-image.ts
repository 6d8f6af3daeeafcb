import type { BuildPlan } from '#domain/deployment.ts';
import { namesFramework, type PythonEnvironment } from './python-environment.ts';
import { convertedBy, type EnvironmentKind, RUNTIMES, type RuntimeName } from './runtime.ts';

/**
 * An image of what serves models, or converts them, without any model: built once for all models that need the same, and named by `tag` after what is in it.
 * `python` is null where the runtime takes no packages.
 */
export type EnvironmentImage = EnvironmentKind & {
  readonly tag: string;
  readonly runtime: RuntimeName;
  readonly python: PythonEnvironment | null;
};

/** What the build of environments is told: all that are to be there after it, in this order, and nothing of any artifact. */
export type EnvironmentOrder = { readonly environments: readonly EnvironmentImage[] };

/** The tags of the environments that the build of a model takes its layers from, and proves it in, by their names. */
export type EnvironmentTags = Readonly<Record<string, string>>;

type Wanted = {
  readonly plan: Pick<BuildPlan, 'runtime' | 'environmentHash' | 'python'>;
  /** Whether the model may be converted for another runtime. */
  readonly converts: boolean;
  /** Names each runtime as it is installed, without its models' packages. */
  readonly hashes: Readonly<Record<RuntimeName, string>>;
};

/** The environments of a model, in the order in which they are to be built: what serves it as it was saved comes last, so it is there only when the others have been tried. */
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
  // A converter also beside a model that is not to be converted: whether there is one is not asked when the next model finds the rest. Beside packages without a framework there is no such next one.
  const isNeeded = (kind: EnvironmentKind) =>
    !kind.isOptional || python === null || namesFramework(python);
  return RUNTIMES[runtime].image.environments
    .filter(isNeeded)
    .map((kind) => ({ ...kind, tag: `${kind.name}-${hash}`, runtime, python }));
}

/** The tags of those that a model cannot do without. */
export function requiredTags(environments: readonly EnvironmentImage[]): readonly string[] {
  return environments.filter(({ isOptional }) => !isOptional).map(({ tag }) => tag);
}

export function environmentTags(environments: readonly EnvironmentImage[]): EnvironmentTags {
  return Object.fromEntries(environments.map(({ name, tag }) => [name, tag]));
}

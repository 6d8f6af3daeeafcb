import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import custom from '../../../runtimes/custom/runtime.json' with { type: 'json' };
import onnx from '../../../runtimes/onnx/runtime.json' with { type: 'json' };
import python from '../../../runtimes/python/runtime.json' with { type: 'json' };
import vllm from '../../../runtimes/vllm/runtime.json' with { type: 'json' };

/** Where a model server listens, and its paths: `requestPath` is null where the request's protocol determines it. */
export type ServerPlace = {
  readonly port: number;
  readonly healthPath: string;
  readonly requestPath: string | null;
};

/** `setting` is its variable for builds on one machine; a function has the same variable with the prefix `SLIPWAY_`. */
type BaseImage = { readonly setting: string; readonly missing: string; readonly fix: string };

/** A base image without any model, for building model images: a stage of the runtime's Dockerfile, null for the last stage. An optional one may not exist for every version of a framework. */
export type EnvironmentKind = {
  readonly name: string;
  readonly stage: string | null;
  readonly isOptional: boolean;
};

/**
 * A runtime as `runtimes/<name>/runtime.json` describes it: all that planning, builds, their smoke test, processes, containers and Lambda need to know.
 * docs/extending.md describes the keys.
 */
export type Runtime = {
  /** Its name in sentences; `{python}` stands for the model's Python. */
  readonly title: string;
  readonly server: ServerPlace;
  /** The shortest start-up limit, even where a manifest sets a lower one. */
  readonly leastStartupSeconds: number;
  /** How many requests a server receives in parallel if it answers quickly; more would only queue in it. */
  readonly requestsAtOnce: number;
  /** Whether its answers name their revision, in `x-slipway-revision`. */
  readonly namesRevision: boolean;
  /** On Lambda it counts the requests that it answers with a 5xx, in its log, as the metric `ServerErrors`. */
  readonly countsServerErrors: boolean;
  /** Its server keeps requests of clients, sealed, where a manifest asks for it. */
  readonly keepsRequests: boolean;
  /**
   * How it runs as a process on this machine, null where it runs only as an image: a command in which `{node}`, `{server}` and `{python}` stand for programs. `needsBuild`: it starts from a build's output, else from the artifact itself.
   * `confinesItself`: it sets up the given walls itself; otherwise it is Node, and they are set up before it starts.
   * `awaits`: its server can be started before there is a model for it: `any` of its models, or one for the same `environment`, whose format has to allow that.
   */
  readonly process: {
    readonly command: readonly string[];
    readonly needsBuild: boolean;
    readonly confinesItself: boolean;
    readonly awaits?: string;
  } | null;
  /** How it runs as a container: its user, null for the image's own; whether it may write only to /tmp; and the Linux capabilities it keeps, as Docker names them. */
  readonly container: {
    readonly user: string | null;
    readonly isReadOnly: boolean;
    readonly capabilities: readonly string[];
  };
  /**
   * Only for a runtime on GPUs: with a GPU it serves each model that has the fact `serves`, in any format. A build does not load its models, since it has no GPU.
   * `hostMemory` is the memory that it takes of its instance; `environment` names the variables that its server reads, each with the place of its value in a RevisionSpec.
   */
  readonly gpu?: {
    readonly serves: string;
    readonly hostMemory: readonly MemoryTerm[];
    readonly environment: Readonly<Record<string, string>>;
  };
  readonly image: {
    /** The base of its image, which the owner names in a setting; without it the runtime's models are rejected, with `missing` and `fix`. */
    readonly base?: BaseImage;
    /** How a build makes a model's image: by appending the model to an environment, or from a Dockerfile. */
    readonly madeBy: string;
    /** The environments, in build order. */
    readonly environments: readonly EnvironmentKind[];
    /** The environment to which the model is appended; null where there is no such environment. */
    readonly servesFrom: string | null;
    /** The command inside the image that queries its server; null where the server is queried from outside. */
    readonly ask: readonly string[] | null;
  };
  /** Models bring Python packages: an environment includes them, and the build loads the model in it, which proves the model. */
  readonly takesPackages: boolean;
  /** The runtime that serves a model of this one instead, if the answers are the same. */
  readonly convertsTo: string | null;
};

const FOUND = { custom, onnx, python, vllm } as const;

export type RuntimeName = keyof typeof FOUND;

export const RUNTIMES: Readonly<Record<RuntimeName, Runtime>> = FOUND;

function isRuntime(name: string): name is RuntimeName {
  return Object.hasOwn(FOUND, name);
}

export const RUNTIME_NAMES: readonly RuntimeName[] = Object.keys(FOUND).filter(isRuntime);

/** The settings that name the base images of runtimes. */
export const BASE_IMAGES: readonly string[] = RUNTIME_NAMES.flatMap((name) => {
  const { base } = RUNTIMES[name].image;
  return base ? [base.setting] : [];
});

/** Makes one value for each runtime. */
export function byRuntime<Value>(
  make: (name: RuntimeName) => Value,
): Readonly<Record<RuntimeName, Value>> {
  return Object.fromEntries(RUNTIME_NAMES.map((name) => [name, make(name)])) as Record<
    RuntimeName,
    Value
  >;
}

/** The variables that the runtime's page names, with their values from a revision's spec; null and absent values are left out. */
export function runtimeEnvironment(spec: {
  readonly runtime: RuntimeName;
}): Record<string, string> {
  const { environment = {} } = RUNTIMES[spec.runtime].gpu ?? {};
  const valueAt = (place: string) =>
    place.split('.').reduce<unknown>((inside, key) => Object(inside)[key], spec);
  return Object.fromEntries(
    Object.entries(environment)
      .map(([name, place]) => [name, valueAt(place)] as const)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}

/** The runtime to which models of this one may be converted. */
export function convertedBy(runtime: RuntimeName): RuntimeName | undefined {
  const name = RUNTIMES[runtime].convertsTo;
  return name !== null && isRuntime(name) ? name : undefined;
}

/** The limit of a server's start: the manifest's, but at least the runtime's. */
export function startupSeconds(
  runtime: RuntimeName,
  { server }: { readonly server: { readonly startupTimeoutSeconds: number } },
): number {
  return Math.max(server.startupTimeoutSeconds, RUNTIMES[runtime].leastStartupSeconds);
}

/** Where a model's server listens: at the manifest's place, else at its runtime's. */
export function serverPlace(runtime: RuntimeName, said: Partial<ServerPlace> = {}): ServerPlace {
  const { port, healthPath, requestPath } = RUNTIMES[runtime].server;
  return {
    port: said.port ?? port,
    healthPath: said.healthPath ?? healthPath,
    requestPath: said.requestPath ?? requestPath,
  };
}

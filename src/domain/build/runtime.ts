import custom from '../../../runtimes/custom/runtime.json' with { type: 'json' };
import onnx from '../../../runtimes/onnx/runtime.json' with { type: 'json' };
import python from '../../../runtimes/python/runtime.json' with { type: 'json' };

/** Where a model server listens, and what it is asked: `requestPath` is null where the request's protocol says the path. */
export type ServerPlace = {
  readonly port: number;
  readonly healthPath: string;
  readonly requestPath: string | null;
};

/** An image without any model, of which those of models are made: a stage of the runtime's Dockerfile, null for its last. One that is optional may not exist for each version of a framework. */
export type EnvironmentKind = {
  readonly name: string;
  readonly stage: string | null;
  readonly isOptional: boolean;
};

/**
 * What serves models, as `runtimes/<name>/runtime.json` says it: all that planning, builds, their smoke test, processes, containers and Lambda need to know.
 * docs/extending.md has the keys.
 */
export type Runtime = {
  /** What it is called in sentences; `{python}` stands for the model's Python. */
  readonly title: string;
  readonly server: ServerPlace;
  /** How many requests a server is given at once, where it answers them quickly; more would only wait in it. */
  readonly requestsAtOnce: number;
  /** Its answers say which revision gave them, in `x-slipway-revision`. */
  readonly namesRevision: boolean;
  /** On Lambda it counts the requests that it answers with a 5xx, in its log, as the metric `ServerErrors`. */
  readonly countsServerErrors: boolean;
  /**
   * As a process of this machine, null where it runs as an image only: a command in which `{node}`, `{server}` and `{python}` are programs. `needsBuild`: it is started from what a build made, else from the artifact as it is.
   * `confinesItself`: it sets the walls that it is told of; else it is Node, and they are set before it begins.
   */
  readonly process: {
    readonly command: readonly string[];
    readonly needsBuild: boolean;
    readonly confinesItself: boolean;
  } | null;
  /** As a container: the user it runs as, null for the image's own; whether it may write to no more than /tmp; and the capabilities of Linux that it keeps, as Docker names them. */
  readonly container: {
    readonly user: string | null;
    readonly isReadOnly: boolean;
    readonly capabilities: readonly string[];
  };
  readonly image: {
    /** How a build makes the image of a model: by appending it to an environment, or of a Dockerfile. */
    readonly madeBy: string;
    /** In the order in which they are built. */
    readonly environments: readonly EnvironmentKind[];
    /** The one to which the model is appended; null where none is. */
    readonly servesFrom: string | null;
    /** The command in the image that asks the server there; null where it is asked from outside. */
    readonly ask: readonly string[] | null;
  };
  /** Models bring packages of Python: an environment is of the packages too, and the build loads the model in it, which proves it. */
  readonly takesPackages: boolean;
  /** The runtime that serves a model of this one instead where it answers the same. */
  readonly convertsTo: string | null;
};

const FOUND = { custom, onnx, python } as const;

export type RuntimeName = keyof typeof FOUND;

export const RUNTIMES: Readonly<Record<RuntimeName, Runtime>> = FOUND;

function isRuntime(name: string): name is RuntimeName {
  return Object.hasOwn(FOUND, name);
}

export const RUNTIME_NAMES: readonly RuntimeName[] = Object.keys(FOUND).filter(isRuntime);

/** Something of each runtime. */
export function byRuntime<Value>(
  make: (name: RuntimeName) => Value,
): Readonly<Record<RuntimeName, Value>> {
  return Object.fromEntries(RUNTIME_NAMES.map((name) => [name, make(name)])) as Record<
    RuntimeName,
    Value
  >;
}

/** The runtime to which models of this one may be converted. */
export function convertedBy(runtime: RuntimeName): RuntimeName | undefined {
  const name = RUNTIMES[runtime].convertsTo;
  return name !== null && isRuntime(name) ? name : undefined;
}

/** Where a model's server listens: where its manifest says, else where its runtime does. */
export function serverPlace(runtime: RuntimeName, said: Partial<ServerPlace> = {}): ServerPlace {
  const { port, healthPath, requestPath } = RUNTIMES[runtime].server;
  return {
    port: said.port ?? port,
    healthPath: said.healthPath ?? healthPath,
    requestPath: said.requestPath ?? requestPath,
  };
}

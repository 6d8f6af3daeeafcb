import { type CaptureConfig, readCapture } from './capture/config.ts';
import type { Cors } from './serving/cors.ts';
import { validateHeaderValue } from './serving/node-http.ts';
import { worded } from './worded.ts';

/** `listening` is the descriptor of an already listening socket, else null; `port` 0 means any free port; `version` and `revision` are empty when not given. */
export type Config = {
  readonly modelPath: string;
  readonly name: string;
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly listening: number | null;
  readonly revision: string;
  readonly maxBodyBytes: number;
  /** How long the server may take to finish its requests after a signal to end. */
  readonly drainSeconds: number;
  /** How columns beyond the model's own are treated. */
  readonly extraColumns: 'ignore' | 'refuse';
  /** How many rows of waiting requests may be answered in one run; 1 where each request is answered alone, `auto` where the server has to find out. */
  readonly batchRows: number | 'auto';
  /** The MLflow that wrote the model; empty for models of others. */
  readonly mlflowVersion: string;
  /** A request that the model answers, with its protocol and body; undefined where none is known. */
  readonly example: unknown;
  /** Names besides its own by which OpenAI's API may ask for the model. */
  readonly aliases: readonly string[];
  readonly cors: Cors;
  /** Null where no request is kept. */
  readonly capture: CaptureConfig | null;
};

/** Throws an error of one line that names the variable, its value and the accepted values. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  return {
    modelPath: required(env, 'MODEL_PATH'),
    name: pathSegment('MODEL_NAME', required(env, 'MODEL_NAME')),
    version: pathSegment('MODEL_VERSION', env['MODEL_VERSION'] ?? ''),
    host: env['HOST'] || '127.0.0.1',
    port: integer('PORT', env['PORT'] || '8080', 0, 65_535),
    listening: env['LISTENING_FD']
      ? integer('LISTENING_FD', env['LISTENING_FD'], 3, 2 ** 31 - 1)
      : null,
    revision: headerValue('SLIPWAY_REVISION', env['SLIPWAY_REVISION'] ?? ''),
    // 10 MiB, the most that API Gateway passes on; Lambda's limit is lower, and Lambda enforces it.
    maxBodyBytes: integer('MAX_BODY_BYTES', env['MAX_BODY_BYTES'] || '10485760', 1, 2 ** 29),
    drainSeconds: integer('DRAIN_SECONDS', env['DRAIN_SECONDS'] || '10', 1, 900),
    extraColumns: extraColumns(env['EXTRA_COLUMNS'] || 'ignore'),
    batchRows:
      env['BATCHING'] === 'auto' && !env['BATCH_ROWS']
        ? 'auto'
        : integer('BATCH_ROWS', env['BATCH_ROWS'] || '1', 1, 64),
    mlflowVersion: pathSegment('MLFLOW_VERSION', env['MLFLOW_VERSION'] ?? ''),
    example: example(env['MODEL_EXAMPLE'] ?? ''),
    aliases: aliases(env['MODEL_ALIASES'] ?? '', required(env, 'MODEL_NAME')),
    cors: {
      origins: env['CORS_ORIGINS'] ? env['CORS_ORIGINS'].split(',') : [],
      exposedHeaders: headerValue('CORS_EXPOSED_HEADERS', env['CORS_EXPOSED_HEADERS'] ?? ''),
    },
    capture: readCapture(env['CAPTURE'] ?? ''),
  };
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (!value) throw new Error(worded('notSet', name));
  return value;
}

function pathSegment(name: string, value: string): string {
  if (/^[\w.-]*$/.test(value)) return value;
  throw new Error(worded('nameOfLetters', name, value));
}

function headerValue(name: string, value: string): string {
  try {
    validateHeaderValue(name, value);
    return value;
  } catch {
    throw new Error(worded('notInHeader', name));
  }
}

function extraColumns(value: string): Config['extraColumns'] {
  if (value === 'ignore' || value === 'refuse') return value;
  throw new Error(worded('extraColumnsTakes', value));
}

function example(value: string): unknown {
  if (value === '') return undefined;
  try {
    return JSON.parse(value);
  } catch {
    throw new Error(worded('exampleTakes', value));
  }
}

/** The aliases, each once, and without the model's own name. */
function aliases(value: string, own: string): readonly string[] {
  const names = value === '' ? [] : [...new Set(value.split(','))];
  if (names.every((each) => /^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$/.test(each)))
    return names.filter((each) => each !== own);
  throw new Error(worded('aliasesTake', value));
}

function integer(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return number;
  throw new Error(worded('wholeNumberFrom', name, value, least, most));
}

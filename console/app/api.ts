import type * as z from 'zod/mini';
import type { CaptureState } from '../../src/control/capture.ts';
import type { deployment } from '../../src/control/deployment.ts';
import type { Explanation } from '../../src/control/explanation.ts';
import type {
  Asked,
  builds,
  ModelLog,
  ModelStatus,
  RefusedDrop,
  steps,
  Traffic,
  VersionEntry,
} from '../../src/control/models.ts';
import type { SlipwayEvent } from '../../src/domain/event.ts';
import type { StepRun, WorkflowGraph } from '../../src/domain/workflow-graph.ts';
import { servingCommand } from './place.ts';

export type Deployment = z.output<typeof deployment>;
export type Capture = CaptureState;
export type Steps = z.output<typeof steps>;
export type Build = z.output<typeof builds>['builds'][number];
export type {
  Asked,
  Explanation,
  ModelLog,
  ModelStatus,
  RefusedDrop,
  SlipwayEvent,
  StepRun,
  Traffic,
  VersionEntry,
  WorkflowGraph,
};

/** A refusal of the control API, or that it cannot be reached (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly fix: string;
  constructor(message: string, { status, fix }: { status: number; fix: string }) {
    super(message);
    this.status = status;
    this.fix = fix;
  }
}

export type Asking = {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

/** Asks the control API with the token of this console. */
export type Api = {
  readonly token: string;
  json<Answer>(path: string, asking?: Asking): Promise<Answer>;
  stream(path: string, asking?: Asking): Promise<ReadableStream<Uint8Array>>;
};

/** Paths are relative to the page: a proxy may publish the console below any path. */
export function apiWith(token: string): Api {
  async function ask(path: string, { method = 'GET', query = {}, headers, signal }: Asking = {}) {
    const said = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(said.map(([name, value]) => [name, String(value)]));
    const response = await fetch(said.length > 0 ? `${path}?${search}` : path, {
      method,
      headers: { ...headers, authorization: `Bearer ${token}` },
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw lost();
    });
    if (response.ok) return response;
    const { error = response.statusText, fix = '' } = await response.json().catch(() => ({}));
    throw new ApiError(error, { status: response.status, fix });
  }
  return {
    token,
    json: async (path, asking) => (await ask(path, asking)).json(),
    async stream(path, asking) {
      const { body } = await ask(path, asking);
      return body ?? new ReadableStream();
    },
  };
}

export function lost(): ApiError {
  return new ApiError('Slipway does not answer', {
    status: 0,
    fix: `Start it with \`${servingCommand()}\`; the console goes on by itself once it answers.`,
  });
}

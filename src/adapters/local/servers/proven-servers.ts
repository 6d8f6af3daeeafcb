import type { Damage } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import type { ModelServer, ModelServers, Start } from './model-server.ts';

export type Proven = {
  /** Why the server at `origin` answers otherwise than its version did when it went live, as a clause; undefined when it answers so, or when nothing tells. */
  readonly problem: (spec: RevisionSpec, origin: string) => Promise<string | undefined>;
  /** Is told that a version answers wrong, or with null that it is sound. */
  readonly noted: (spec: RevisionSpec, damage: Damage | null) => void;
};

/**
 * The same servers, but the first one that each revision has in this run of Slipway is asked for the version's proof before it counts as ready.
 * Bytes are compared elsewhere: this finds what rotted around them, such as a package of the model's environment.
 * A server that answers wrong is ended.
 */
export function provenServers(servers: ModelServers, { problem, noted }: Proven): ModelServers {
  const proven = new Set<string>();

  async function start(server: ModelServer, spec: RevisionSpec): Promise<Start> {
    const start = await server.started;
    if (start.kind !== 'ready') return start;
    const wrong = proven.has(spec.revision) ? undefined : await problem(spec, start.origin);
    if (wrong === undefined) {
      proven.add(spec.revision);
      noted(spec, null);
      return start;
    }
    const failure = otherAnswer(spec.revision, wrong);
    noted(spec, { reason: failure.message, fix: failure.fix });
    const reason = `was ended: ${failure.message}`;
    await server.kill(reason);
    return { kind: 'died', reason };
  }

  return {
    ...servers,
    start(spec, log) {
      const server = servers.start(spec, log);
      return { ...server, started: start(server, spec) };
    },
    async discard(revision, specs) {
      proven.delete(revision);
      await servers.discard(revision, specs);
    },
  };
}

function otherAnswer(revision: string, wrong: string): Failure {
  return new Failure(
    'RevisionFailed',
    `${revision} is not served: it no longer answers as it did when it went live: ${wrong}`,
    {
      fix: 'Roll back to another version; or undeploy the model and drop it again, which builds it anew.',
    },
  );
}

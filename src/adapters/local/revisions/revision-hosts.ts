import { type RevisionHost, refuse } from './invocation.ts';

/** Combines the revisions of several hosts. */
export function revisionHosts(hosts: readonly RevisionHost[]): RevisionHost {
  const hostOf = (revision: string) => hosts.find((host) => host.placement(revision) !== undefined);
  return {
    placement: (revision) => hostOf(revision)?.placement(revision),
    limits: (revision) => hostOf(revision)?.limits(revision),
    occupancy: (revision) => hostOf(revision)?.occupancy(revision),
    async invoke(revision, signal, sharing) {
      const host = hostOf(revision);
      return (
        host?.invoke(revision, signal, sharing) ?? refuse(404, `there is no revision ${revision}`)
      );
    },
  };
}

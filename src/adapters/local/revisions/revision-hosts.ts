import { noRevision, type RevisionHost } from './invocation.ts';

/** Combines the revisions of several hosts. */
export function revisionHosts(hosts: readonly RevisionHost[]): RevisionHost {
  const hostOf = (revision: string) => hosts.find((host) => host.placement(revision) !== undefined);
  return {
    placement: (revision) => hostOf(revision)?.placement(revision),
    limits: (revision) => hostOf(revision)?.limits(revision),
    occupancy: (revision) => hostOf(revision)?.occupancy(revision),
    invoke: (revision, signal, sharing) =>
      hostOf(revision)?.invoke(revision, signal, sharing) ?? noRevision(revision),
  };
}

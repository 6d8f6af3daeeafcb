import type { VersionEntry } from '#control/models.ts';
import { artifactName } from './artifact-name.ts';
import { table } from './table.ts';

/** A table of a model's versions, newest first. */
export function versionLines(model: string, versions: readonly VersionEntry[]): readonly string[] {
  if (versions.length === 0) return [`no version of ${model} has gone live yet`];
  const hasTags = versions.some(({ tags = [] }) => tags.length > 0);
  const rows = versions.map(({ version, state, target, liveAtMs, artifact, tags = [] }) => [
    `v${version}`,
    state,
    target,
    new Date(liveAtMs).toISOString().slice(0, 19).replace('T', ' '),
    artifactName(model, artifact),
    ...(hasTags ? [tags.join(', ')] : []),
  ]);
  const heads = ['VERSION', 'STATE', 'TARGET', 'LIVE SINCE (UTC)', 'ARTIFACT'];
  return table(hasTags ? [...heads, 'TAGS'] : heads, rows);
}

import type { RevisionSpec } from '#ports/platform.ts';

/** Tags that name the owner of a resource, and by which bills are split (docs/deploy.md). */
export const TAG = {
  stage: 'slipway:stage',
  model: 'slipway:model',
  version: 'slipway:version',
  team: 'slipway:team',
  revision: 'slipway:revision',
  deployment: 'slipway:deployment',
  cluster: 'slipway:cluster',
  replicas: 'slipway:replicas',
} as const;

/** The stack that resources belong to, and the team that pays for a model that names none. */
export type TagSettings = { readonly stage: string; readonly team: string };

export type Tags = readonly (readonly [string, string])[];

/** The tags by which a model's cost is shown, on all that is made for one of its versions. */
export function costTags(spec: RevisionSpec, { stage, team }: TagSettings): Tags {
  return [
    [TAG.stage, stage],
    [TAG.model, spec.model],
    [TAG.version, String(spec.version)],
    [TAG.team, spec.team ?? team],
  ];
}

/** Adds the tags by which a revision's resources are found again. */
export function revisionTags(spec: RevisionSpec, settings: TagSettings): Tags {
  return [
    ...costTags(spec, settings),
    [TAG.revision, spec.revision],
    [TAG.deployment, spec.deploymentId],
  ];
}

/** ECS writes tags in lower case, and every other service in upper: these are taken as either. */
export function tagMap(
  tags: readonly {
    readonly key?: string | undefined;
    readonly value?: string | undefined;
    readonly Key?: string | undefined;
    readonly Value?: string | undefined;
  }[] = [],
): ReadonlyMap<string, string> {
  return new Map(tags.map((tag) => [tag.key ?? tag.Key ?? '', tag.value ?? tag.Value ?? '']));
}

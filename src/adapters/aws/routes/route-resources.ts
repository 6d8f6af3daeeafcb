import { createHash } from 'node:crypto';
import type { ModelApi } from '#adapters/aws/api/model-api.ts';
import { modelRoute } from '#adapters/aws/api/model-api.ts';
import type { Integration } from '#adapters/aws/api/route-records.ts';
import type { ContainerFront } from '#adapters/aws/ecs/container-front.ts';
import type { Change } from '#adapters/aws/registry/fenced-change.ts';
import type { Mechanism } from '#domain/placement/target.ts';
import type { ApiDraft, DraftResource } from './api-draft.ts';
import { integrationInput, type RoutePart } from './integration.ts';
import { preflightTemplate } from './preflight.ts';

/** The resources of an API, by path. */
export type Resources = ReadonlyMap<string, DraftResource>;

export type RouteResourcesOptions = {
  readonly draft: ApiDraft;
  readonly api: ModelApi;
  readonly front: ContainerFront | null;
};

const PROXY = '{proxy+}';

/** In the order in which they get their methods: the endpoint only ever has one beside its proxy, which therefore stands for the whole route. */
const PARTS: readonly RoutePart[] = ['proxy', 'endpoint'];

export function proxyPath(model: string): string {
  return partPath(model, 'proxy');
}

export function pathsOf(model: string): readonly string[] {
  return PARTS.map((part) => partPath(model, part));
}

/** Creates what is missing of a model's resources, and leads all of them there. */
export async function makeResources(
  options: RouteResourcesOptions,
  model: string,
  to: Integration,
  resources: Resources,
): Promise<void> {
  const { draft, api, front } = options;
  const found = (part: RoutePart) => resources.get(partPath(model, part));
  const endpoint = found('endpoint')?.id ?? (await draft.addResource(api.modelsResource, model));
  const proxy = found('proxy')?.id ?? (await draft.addResource(endpoint, PROXY));
  const ids = { endpoint, proxy };
  for (const part of PARTS) {
    if (!found(part)?.hasMethod) await draft.addMethod(ids[part], part);
    await draft.setIntegration(ids[part], integrationInput(to, model, front, part));
    await settlePreflight(options, { id: ids[part], preflight: found(part)?.preflight });
  }
}

/** The resources of routes that answer other preflights than those of the pages that may call models. */
export function withOtherPreflights(
  { api }: RouteResourcesOptions,
  resources: Resources,
): readonly DraftResource[] {
  const wanted = wantedPreflight(api);
  return [...resources.values()].filter(
    ({ leadsTo, preflight }) => leadsTo && preflight !== wanted,
  );
}

/**
 * How a deployment of these resources is described: by the preflights that all its routes answer, so that a sweep can tell which of them the stage serves.
 * `own` are paths whose preflights the deployment settles itself.
 */
export function described(
  options: RouteResourcesOptions,
  resources: Resources,
  own: readonly string[] = [],
): string {
  const settled = own.map((path) => resources.get(path)?.id);
  const others = withOtherPreflights(options, resources);
  const isSettled = others.every(({ id }) => settled.includes(id));
  return isSettled ? settledDescription(options) : 'Some routes answer the preflights of before.';
}

/** The description of a deployment in which all routes answer the preflights of the API's origins. */
export function settledDescription({ api }: RouteResourcesOptions): string {
  const wanted = wantedPreflight(api);
  if (wanted === undefined) return 'No route answers preflights.';
  return `All routes answer the preflights ${createHash('sha256').update(wanted).digest('hex')}.`;
}

/** Has a resource answer the preflights of the pages that may call models, and no others. A method with another template is made anew. */
export async function settlePreflight(
  { draft, api }: RouteResourcesOptions,
  { id, preflight }: Pick<DraftResource, 'id' | 'preflight'>,
): Promise<void> {
  const wanted = wantedPreflight(api);
  if (preflight === wanted) return;
  if (preflight !== undefined) await draft.removePreflight(id);
  if (wanted !== undefined) await draft.addPreflight(id, wanted);
}

function wantedPreflight({ corsOrigins }: ModelApi): string | undefined {
  return corsOrigins.length > 0 ? preflightTemplate(corsOrigins) : undefined;
}

/** Leads those of a model's resources there that already lead somewhere. */
export async function pointResources(
  { draft, front }: RouteResourcesOptions,
  model: string,
  to: Integration,
  resources: Resources,
): Promise<void> {
  for (const part of PARTS) {
    const resource = resources.get(partPath(model, part));
    if (!resource?.leadsTo) continue;
    await draft.setIntegration(resource.id, integrationInput(to, model, front, part));
  }
}

/** Removes what is there of a model's resources. */
export async function removeResources(
  { draft }: RouteResourcesOptions,
  model: string,
  resources: Resources,
  change: Change,
): Promise<void> {
  const endpoint = resources.get(partPath(model, 'endpoint'));
  if (endpoint?.hasMethod) await change(() => draft.removeMethod(endpoint.id));
  for (const path of pathsOf(model)) {
    const resource = resources.get(path);
    if (resource) await change(() => draft.removeResource(resource.id));
  }
}

/** The mechanisms that those of a model's resources lead to that lead somewhere. */
export function mechanismsAt(model: string, resources: Resources): ReadonlySet<Mechanism> {
  return new Set(pathsOf(model).flatMap((path) => resources.get(path)?.leadsTo ?? []));
}

function partPath(model: string, part: RoutePart): string {
  return part === 'endpoint' ? modelRoute(model) : `${modelRoute(model)}/${PROXY}`;
}

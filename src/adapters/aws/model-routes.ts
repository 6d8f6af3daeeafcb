import type { ApiDraft, DraftResource, ModelApi } from './api-draft.ts';
import type { ApiLease } from './api-lease.ts';
import { modelRoute } from './model-function.ts';

/** The routes of models in an API: of each the resources `/models/<model>` and, with a method, `/models/<model>/{proxy+}`. */
export type ModelRoutes = {
  isDeployed(model: string): Promise<boolean>;
  /** Makes the route to the function behind `aliasArn`, which stays the same for a model, and deploys the API if that is needed. */
  deploy(model: string, aliasArn: string): Promise<void>;
  /** No route is success. */
  remove(model: string): Promise<void>;
};

type Options = {
  readonly draft: ApiDraft;
  readonly lease: ApiLease;
  readonly api: ModelApi;
};

type Resources = ReadonlyMap<string, DraftResource>;

const PROXY = '{proxy+}';
const DEPLOYED = { deployed: true } as const;
const NOT_DEPLOYED = { deployed: false } as const;

/** A deployment is a snapshot of the whole API, so all is done under its lease, and each call goes on where one that died has stopped. */
export function modelRoutes({ draft, lease, api }: Options): ModelRoutes {
  const isDeployed = (model: string) => draft.isDeployed(proxyPath(model));

  return {
    isDeployed,

    async deploy(model, aliasArn) {
      if (await isDeployed(model)) return;
      await lease.during(async () => {
        if (await isDeployed(model)) return NOT_DEPLOYED;
        const resources = await draft.resources();
        await dropHalves(draft, resources, proxyPath(model));
        await make({ draft, api }, { model, aliasArn }, resources);
        await draft.deploy();
        return DEPLOYED;
      });
    },

    async remove(model) {
      const paths = [proxyPath(model), modelRoute(model)];
      const drafted = await draft.resources();
      if (!paths.some((path) => drafted.has(path)) && !(await isDeployed(model))) return;
      await lease.during(async () => {
        const resources = await draft.resources();
        for (const path of paths) {
          const resource = resources.get(path);
          if (resource) await draft.removeResource(resource.id);
        }
        if (!(await isDeployed(model))) return NOT_DEPLOYED;
        await dropHalves(draft, resources, proxyPath(model));
        await draft.deploy();
        return DEPLOYED;
      });
    },
  };
}

async function make(
  { draft, api }: Pick<Options, 'draft' | 'api'>,
  { model, aliasArn }: { readonly model: string; readonly aliasArn: string },
  resources: Resources,
): Promise<void> {
  const parent = resources.get(modelRoute(model))?.id;
  const parentId = parent ?? (await draft.addResource(api.modelsResource, model));
  const proxy = resources.get(proxyPath(model));
  const proxyId = proxy?.id ?? (await draft.addResource(parentId, PROXY));
  if (!proxy?.hasMethod) await draft.addMethod(proxyId);
  await draft.setIntegration(proxyId, integrationUri(aliasArn));
}

/** What a caller left who died between a method and its integration would hold up every deployment. */
async function dropHalves(draft: ApiDraft, resources: Resources, but: string): Promise<void> {
  for (const [path, { id, isHalfMade }] of resources) {
    if (isHalfMade && path !== but) await draft.removeMethod(id);
  }
}

function proxyPath(model: string): string {
  return `${modelRoute(model)}/${PROXY}`;
}

/** https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html, `uri` */
function integrationUri(aliasArn: string): string {
  const [, partition, , region] = aliasArn.split(':');
  return `arn:${partition}:apigateway:${region}:lambda:path/2015-03-31/functions/${aliasArn}/invocations`;
}

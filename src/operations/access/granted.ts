import type { MachineControl } from '#control/operations.ts';
import { Failure } from '#domain/failure.ts';
import {
  type Holder,
  mayAnywhere,
  mayWith,
  mayWithAll,
  notForModel,
  requireModel,
  requireRole,
} from '#domain/grant.ts';
import type { Role } from '#domain/key-role.ts';

/**
 * The operations of one machine as somebody from another machine may use them: by their roles, for their models alone.
 * All others fail with `PlatformDenied`: those for the machine itself, its keys, and what clients have sent, which nobody does but the user that runs Slipway.
 * A list has the holder's models alone, and a deployment of another model is as unknown as one that never was.
 */
export function grantedTo(holder: Holder, all: MachineControl): MachineControl {
  const needs = (role: Role) => requireRole(holder, role);
  const ofModel =
    <Input extends { readonly name: string }, Output>(
      role: Role,
      run: (input: Input, signal?: AbortSignal) => Promise<Output>,
    ) =>
    async (input: Input, signal?: AbortSignal): Promise<Output> => {
      requireModel(holder, role, input.name);
      return run(input, signal);
    };
  const requireObject = (object: string) => requireObjectRight(holder, object);
  const ofObject =
    <Input extends { readonly key: string }, Output>(
      run: (input: Input, signal?: AbortSignal) => Promise<Output>,
    ) =>
    async (input: Input, signal?: AbortSignal): Promise<Output> => {
      requireObject(input.key);
      return run(input, signal);
    };
  const isMine = (model: string) => mayWith(holder, 'see', model);
  const deploymentOf = async (id: string) => {
    needs('see');
    const found = await all.readDeployment({ id });
    if (isMine(found.model)) return found;
    throw new Failure('InputInvalid', `no deployment ${id}`, { isAbsent: true });
  };
  const requireAll = () => {
    needs('see');
    if (!mayWithAll(holder, 'see')) throw notForModel(holder, 'see', 'all models');
  };

  return {
    health: async () => all.health(),
    async metrics() {
      requireAll();
      return all.metrics();
    },
    async listModels(asked) {
      needs('see');
      return { models: (await all.listModels(asked)).models.filter(({ name }) => isMine(name)) };
    },
    async listRefused() {
      needs('see');
      return { refused: (await all.listRefused()).refused.filter(({ name }) => isMine(name)) };
    },
    async listBuilds() {
      needs('see');
      const { builds } = await all.listBuilds();
      if (mayWithAll(holder, 'see')) return { builds };
      const models = await Promise.all(
        builds.map(async ({ deploymentId: id }) => (await all.readDeployment({ id })).model),
      );
      return { builds: builds.filter((_, index) => isMine(models[index] ?? '')) };
    },
    async listObjects({ prefix }) {
      needs('see');
      const { keys } = await all.listObjects({ prefix });
      return { keys: keys.filter((object) => isObjectOf(holder, 'see', object)) };
    },
    async readEvents(query, signal) {
      needs('see');
      if (query.model !== undefined) requireModel(holder, 'see', query.model);
      return only(await all.readEvents(query, signal), ({ event }) => isMine(event.detail.model));
    },
    readDeployment: ({ id }) => deploymentOf(id),
    async readSteps({ id }) {
      await deploymentOf(id);
      return all.readSteps({ id });
    },
    async readWorkflow(input) {
      needs('see');
      return all.readWorkflow(input);
    },
    // A few numbers of the whole folder, which `slipway status` shows.
    async storage() {
      needs('see');
      return all.storage();
    },

    readModel: ofModel('see', all.readModel),
    readLogs: ofModel('see', all.readLogs),
    listVersions: ofModel('see', all.listVersions),
    explainVersion: ofModel('see', all.explainVersion),
    diffVersions: ofModel('see', all.diffVersions),
    readReport: ofModel('see', all.readReport),
    readCapture: ofModel('see', all.readCapture),
    readTraffic: ofModel('see', all.readTraffic),
    readDemand: ofModel('see', all.readDemand),
    readRelease: ofModel('see', all.readRelease),
    giveFeedback: ofModel('call', all.giveFeedback),
    rollBack: ofModel('promote', all.rollBack),
    abort: ofModel('promote', all.abort),
    undeploy: ofModel('promote', all.undeploy),
    tagVersion: ofModel('promote', all.tagVersion),
    // Whoever asks has answered, whatever name is given.
    answerPromotion: ofModel('promote', (input, signal) =>
      all.answerPromotion({ ...input, by: holder.name }, signal),
    ),
    async promote(promotion) {
      requireModel(holder, 'promote', promotion.model);
      requireObject(promotion.key);
      return all.promote(promotion);
    },

    putObject: ofObject(all.putObject),
    removeObject: ofObject(all.removeObject),
    continueUpload: ofObject(all.continueUpload),
    // The id is the sender's own secret: it names no model.
    async readUpload(input) {
      if (!mayAnywhere(holder, 'promote')) needs('drop');
      return all.readUpload(input);
    },

    scrub: ownersAlone,
    prune: ownersAlone,
    backup: ownersAlone,
    createKey: ownersAlone,
    listKeys: ownersAlone,
    revokeKey: ownersAlone,
    inviteToConsole: ownersAlone,
    openConsole: ownersAlone,
    exportCapture: ownersAlone,
    forgetCapture: ownersAlone,
  };
}

async function ownersAlone(): Promise<never> {
  throw new Failure('PlatformDenied', 'nobody may do this from another machine', {
    fix: 'Run it on the machine itself, as the user that runs Slipway.',
  });
}

/** A model's folder needs the role `drop`, its releases below promotions/ the role `promote`; nobody reaches another place of the bucket. */
function requireObjectRight(holder: Holder, object: string): void {
  const [root, model = ''] = object.split('/');
  const role = root === 'promotions' ? 'promote' : 'drop';
  requireRole(holder, role);
  if (!isObjectOf(holder, role, object)) throw notForModel(holder, role, model || object);
}

function isObjectOf(holder: Holder, role: Role, object: string): boolean {
  const [root, model = '', ...path] = object.split('/');
  const isInFolder = (root === 'models' || root === 'promotions') && path.length > 0;
  // Who has all models may also put what is refused with a reason, as the owner may.
  return isInFolder
    ? mayWith(holder, role, model)
    : mayWithAll(holder, role) && root !== 'promotions';
}

async function* only<Item>(
  items: AsyncGenerator<Item, void>,
  isWanted: (item: Item) => boolean,
): AsyncGenerator<Item, void> {
  for await (const item of items) if (isWanted(item)) yield item;
}

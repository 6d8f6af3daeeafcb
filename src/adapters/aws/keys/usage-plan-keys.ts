import {
  type APIGatewayClient,
  type ApiKey,
  CreateApiKeyCommand,
  CreateUsagePlanKeyCommand,
  DeleteApiKeyCommand,
  paginateGetApiKeys,
} from '@aws-sdk/client-api-gateway';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';

type Options = {
  readonly gateway: APIGatewayClient;
  readonly usagePlan: string;
  /** The prefix of this stage's key names, before the key's id. */
  readonly prefix: string;
};

/** `keyId` is API Gateway's own id of the key. */
export type UsagePlanKey = {
  readonly keyId: string;
  readonly id: string;
  readonly createdAtMs: number;
};

const ID = /^[0-9a-f]{16}$/;
const PAGE = 500;

/** API Gateway's keys, by which the usage plan throttles. Their value is the hash that the authorizer returns, so they are useless to callers. */
export function usagePlanKeys({ gateway, usagePlan, prefix }: Options) {
  /** Matches the name as a prefix, which API Gateway does not document: https://github.com/getmoto/moto/pull/8220 */
  async function named(nameQuery: string): Promise<readonly UsagePlanKey[]> {
    const found: UsagePlanKey[] = [];
    await translated(async () => {
      const pages = paginateGetApiKeys({ client: gateway, pageSize: PAGE }, { nameQuery });
      for await (const { items = [] } of pages) found.push(...items.flatMap(ours));
    });
    return found;
  }

  function ours({ id: keyId = '', name = '', createdDate }: ApiKey): UsagePlanKey[] {
    const id = name.slice(prefix.length);
    if (!name.startsWith(prefix) || !ID.test(id)) return [];
    return [{ keyId, id, createdAtMs: createdDate?.getTime() ?? 0 }];
  }

  async function create(id: string, hash: string): Promise<string> {
    const name = `${prefix}${id}`;
    const made = await unless('ConflictException', () =>
      gateway.send(new CreateApiKeyCommand({ name, value: hash, enabled: true })),
    );
    const keyId = made?.id ?? (await named(name))[0]?.keyId;
    if (keyId) return keyId;
    throw new Failure('PlatformUnavailable', `API Gateway has ${name} and does not list it yet`);
  }

  return {
    all: () => named(prefix),

    /** Adds a key with this value to the plan. Idempotent. */
    async add(id: string, hash: string): Promise<void> {
      const keyId = await create(id, hash);
      const place = { usagePlanId: usagePlan, keyId, keyType: 'API_KEY' };
      await unless('ConflictException', () => gateway.send(new CreateUsagePlanKeyCommand(place)));
    },

    /** Deletes a key, also from its plan. Idempotent. */
    async remove({ keyId }: UsagePlanKey): Promise<void> {
      const removal = new DeleteApiKeyCommand({ apiKey: keyId });
      await unless('NotFoundException', () => gateway.send(removal));
    },
  };
}

/** Undefined when an earlier attempt, whose response was lost, already succeeded: API Gateway then fails with this name. */
async function unless<Answer>(
  done: 'ConflictException' | 'NotFoundException',
  call: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await translated(call);
  } catch (error) {
    if (error instanceof Error && error.name === done) return undefined;
    throw error;
  }
}

import {
  DeleteParameterCommand,
  GetParameterCommand,
  PutParameterCommand,
  paginateDescribeParameters,
  paginateGetParametersByPath,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { translated } from '#adapters/aws/failures.ts';
import {
  type KeyRing,
  keyRing,
  newRing,
  privateKeys,
  publicKeys,
  withoutDays,
} from '#adapters/capture/key-rings.ts';
import type { CaptureKeys } from '#ports/capture-keys.ts';

type Kept = {
  readonly name: string;
  readonly revision: string;
  readonly turn: number;
  readonly ring: KeyRing;
};

/**
 * The keys of kept requests as parameters of Systems Manager: the private ones of a revision as one SecureString, encrypted by KMS, and its public ones beside them.
 * A parameter keeps its former values, so dropping a key writes another parameter, `<revision>/<turn>`, and deletes the one before.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
 */
export function ssmCaptureKeys({
  client,
  stage,
}: {
  readonly client: SSMClient;
  readonly stage: string;
}): CaptureKeys {
  const folderOf = (model: string) => `/slipway/${stage}/capture/${model}`;
  const publicFolderOf = (model: string) => `/slipway/${stage}/capture-public/${model}`;
  const publicName = (model: string, revision: string) => `${publicFolderOf(model)}/${revision}`;

  async function published(Name: string): Promise<string | undefined> {
    try {
      const { Parameter } = await client.send(new GetParameterCommand({ Name }));
      return Parameter?.Value;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async function allOf(model: string): Promise<readonly Kept[]> {
    const query = { Path: folderOf(model), Recursive: true, WithDecryption: true };
    const found: Kept[] = [];
    for await (const { Parameters = [] } of paginateGetParametersByPath({ client }, query)) {
      for (const { Name = '', Value = '' } of Parameters) {
        const [turn, revision = ''] = Name.split('/').reverse();
        found.push({
          name: Name,
          revision,
          turn: Number(turn),
          ring: keyRing.parse(JSON.parse(Value)),
        });
      }
    }
    return found.sort((one, other) => one.turn - other.turn);
  }

  /** The names alone, which say nothing of the keys: who lists them need not be allowed to read them. */
  async function namesIn(folder: string): Promise<readonly string[]> {
    const query = { ParameterFilters: [{ Key: 'Path', Option: 'Recursive', Values: [folder] }] };
    const found: string[] = [];
    for await (const { Parameters = [] } of paginateDescribeParameters({ client }, query)) {
      found.push(...Parameters.map(({ Name = '' }) => Name));
    }
    return found;
  }

  const remove = async (Name: string) =>
    void (await client.send(new DeleteParameterCommand({ Name })).catch(unlessAbsent));

  async function put(model: string, revision: string, turn: number, ring: KeyRing): Promise<void> {
    await client.send(
      new PutParameterCommand({
        Name: `${folderOf(model)}/${revision}/${turn}`,
        Value: JSON.stringify(ring),
        Type: 'SecureString',
        Overwrite: true,
      }),
    );
  }

  return {
    publish: (model, revision) =>
      translated(async () => {
        const Name = publicName(model, revision);
        const before = await published(Name);
        if (before !== undefined) return before;
        const ring = newRing();
        // The private keys first: what is sealed by public ones alone could never be opened.
        await put(model, revision, 0, ring);
        const Value = publicKeys(ring);
        await client.send(
          new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }),
        );
        return Value;
      }),
    open: (model) =>
      translated(async () => {
        const newest = (await allOf(model)).map(({ revision, ring }) => [revision, ring] as const);
        return privateKeys(Object.fromEntries(newest));
      }),
    drop: (model, days) =>
      translated(async () => {
        const all = await allOf(model);
        for (const { revision, turn, ring } of newestOf(all)) {
          const left = withoutDays(ring, days);
          const isDropped = left.some((key, index) => key !== ring[index]);
          if (isDropped && left.some((key) => key !== null)) {
            await put(model, revision, turn + 1, left);
          }
          const old = all.filter(
            (each) => each.revision === revision && (isDropped || each.turn < turn),
          );
          for (const { name } of old) {
            await remove(name);
          }
        }
      }),
    keepOnly: (model, revisions) =>
      translated(async () => {
        // The public ones first: what is sealed by public ones alone could never be opened.
        for (const folder of [publicFolderOf(model), folderOf(model)]) {
          for (const name of await namesIn(folder)) {
            const [revision = ''] = name.slice(folder.length + 1).split('/');
            if (!revisions.includes(revision)) await remove(name);
          }
        }
      }),
  };
}

/** The newest ring of each revision; an older one is there where a drop was cut off. */
function newestOf(all: readonly Kept[]): readonly Kept[] {
  return [...new Map(all.map((each) => [each.revision, each])).values()];
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && error.name === 'ParameterNotFound';
}

function unlessAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error;
}

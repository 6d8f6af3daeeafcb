import {
  type LambdaClient,
  paginateListFunctions,
  paginateListVersionsByFunction,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';
import { type FunctionKind, kindOf } from './model-function.ts';

const LATEST = '$LATEST';

/** The published versions of a model's function, as version numbers by revision. */
export type ModelVersions = {
  readonly numbers: ReadonlyMap<string, string>;
  /** How each revision answers. */
  readonly kinds: ReadonlyMap<string, FunctionKind>;
  /** Undefined for a number that belongs to no revision. */
  revision(version: string): string | undefined;
};

/**
 * The versions of models' functions as they were last listed, by whichever port of a process: there is one for each client. A list costs one of the 15 requests a second that all functions of an account share, and a published version never changes:
 * a list is used again as long as it has what is asked for, though not for longer than a minute, since a function that was deleted and made again numbers its versions anew.
 */
export type KnownVersions = {
  /** As they are now. Empty when the function does not exist. */
  list(functionName: string): Promise<ModelVersions>;
  /** As they were when all of these revisions were published, else as they are now. */
  having(functionName: string, revisions: readonly string[]): Promise<ModelVersions>;
  /** The number of a revision; undefined when it is not published. */
  number(functionName: string, revision: string): Promise<string | undefined>;
  /** The number of a revision if no request is needed to tell it. */
  remembered(functionName: string, revision: string): string | undefined;
  /** The revision that has this number; undefined when there is none. */
  revision(functionName: string, number: string): Promise<string | undefined>;
  /** Keeps what was just published, which a list may not have yet. */
  remember(functionName: string, revision: string, number: string): void;
  /** Forgets what was listed of a function, after an answer that contradicts it. */
  forget(functionName: string): void;
};

const REMEMBERED_MS = 60_000;

function fresh<Kept extends { readonly atMs: number }>(kept: Kept | undefined): Kept | undefined {
  return kept && performance.now() - kept.atMs < REMEMBERED_MS ? kept : undefined;
}

const known = new WeakMap<LambdaClient, KnownVersions>();

export function knownVersions(lambda: LambdaClient): KnownVersions {
  const versions = known.get(lambda) ?? versionsOf(lambda);
  known.set(lambda, versions);
  return versions;
}

function versionsOf(lambda: LambdaClient): KnownVersions {
  const lists = new Map<string, { readonly versions: ModelVersions; readonly atMs: number }>();
  const published = new Map<string, { readonly number: string; readonly atMs: number }>();
  const keyOf = (functionName: string, revision: string) => `${functionName} ${revision}`;

  function held(functionName: string): ModelVersions | undefined {
    return fresh(lists.get(functionName))?.versions;
  }

  function remembered(functionName: string, revision: string): string | undefined {
    const listed = held(functionName)?.numbers.get(revision);
    return listed ?? fresh(published.get(keyOf(functionName, revision)))?.number;
  }

  async function list(functionName: string): Promise<ModelVersions> {
    const versions = await readVersions(lambda, functionName);
    lists.set(functionName, { versions, atMs: performance.now() });
    return versions;
  }

  async function having(functionName: string, revisions: readonly string[]) {
    const listed = held(functionName);
    const hasAll = listed && revisions.every((revision) => listed.numbers.has(revision));
    return hasAll ? listed : list(functionName);
  }

  return {
    list,
    remembered,
    having,
    async number(functionName, revision) {
      const number = remembered(functionName, revision);
      return number ?? (await list(functionName)).numbers.get(revision);
    },
    async revision(functionName, number) {
      const revision = held(functionName)?.revision(number);
      return revision ?? (await list(functionName)).revision(number);
    },
    remember: (functionName, revision, number) =>
      void published.set(keyOf(functionName, revision), { number, atMs: performance.now() }),
    forget(functionName) {
      lists.delete(functionName);
      for (const key of published.keys()) {
        if (key.startsWith(`${functionName} `)) published.delete(key);
      }
    },
  };
}

/** Empty when the function does not exist. */
export async function readVersions(
  lambda: LambdaClient,
  functionName: string,
): Promise<ModelVersions> {
  const published = await translated(() => list(lambda, functionName).catch(absentIfNotFound));
  const numbers = new Map(published?.map(({ revision, number }) => [revision, number]));
  const kinds = new Map(published?.map(({ revision, kind }) => [revision, kind]));
  const revisions = new Map([...numbers].map(([revision, number]) => [number, revision]));
  return { numbers, kinds, revision: (version) => revisions.get(version) };
}

/** The revisions of all functions named by this prefix and a model, including unpublished ones. */
export async function listRevisions(
  lambda: LambdaClient,
  prefix: string,
): Promise<readonly { readonly revision: string; readonly model: string }[]> {
  return translated(async () => {
    const models = new Map<string, string>();
    const query = { FunctionVersion: 'ALL' as const };
    for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, query)) {
      for (const { FunctionName = '', Description = '' } of Functions) {
        const model = FunctionName.slice(prefix.length);
        const isRevision = Description.startsWith(`${model}-v`);
        if (FunctionName.startsWith(prefix) && isRevision) models.set(Description, model);
      }
    }
    return [...models].map(([revision, model]) => ({ revision, model }));
  });
}

type Published = {
  readonly revision: string;
  readonly number: string;
  readonly kind: FunctionKind;
};

async function list(lambda: LambdaClient, FunctionName: string): Promise<readonly Published[]> {
  const published: Published[] = [];
  for await (const page of paginateListVersionsByFunction({ client: lambda }, { FunctionName })) {
    for (const { Description = '', Version = LATEST, Environment } of page.Versions ?? []) {
      if (Version === LATEST) continue;
      const kind = kindOf(Environment?.Variables);
      published.push({ revision: Description, number: Version, kind });
    }
  }
  return published;
}

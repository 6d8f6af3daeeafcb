import { randomUUID } from 'node:crypto';
import {
  GetAliasCommand,
  GetFunctionCommand,
  GetPolicyCommand,
  ListAliasesCommand,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { conflict, nameOf, preconditionFailed } from './lambda.ts';
import type { AwsCall, AwsRule, Refusal } from './rules.ts';

type Input = AwsCall['input'];

const ALIASES = 'https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html';

/** The properties of aliases, versions and permissions that Lambda keeps and moto does not. */
export function lambdaAliases(): readonly AwsRule[] {
  const revisionIds = new Map<string, string>();
  const deleted = new Set<string>();
  const changing = new Set<string>();

  const aliasKey = (input: Input) => `${nameOf(input)}:${input['Name']}`;
  const revisionIdOf = (key: string): string => {
    const known = revisionIds.get(key) ?? randomUUID();
    revisionIds.set(key, known);
    return known;
  };
  const isDeleted = (input: Input, version: unknown) => deleted.has(`${nameOf(input)}:${version}`);

  return [
    {
      name: 'lambda: an alias has a RevisionId that each change renews',
      service: 'Lambda',
      commands: ['CreateAlias', 'UpdateAlias', 'GetAlias'],
      source: 'https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html',
      after({ command, input }, output) {
        const key = aliasKey(input);
        // This answer may show the alias as it was before the change.
        if (command === 'GetAlias' && changing.has(key)) {
          return { ...output, RevisionId: randomUUID() };
        }
        if (command !== 'GetAlias') {
          changing.delete(key);
          revisionIds.set(key, randomUUID());
        }
        return { ...output, RevisionId: revisionIdOf(key) };
      },
    },
    {
      // moto answers ConflictException, which Lambda does not have.
      name: 'lambda: an alias is made once',
      service: 'Lambda',
      commands: ['CreateAlias'],
      source:
        'https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html (ResourceConflictException, 409); the message: HumanCellAtlas/data-store#929',
      async before({ input, send }) {
        const target = { FunctionName: nameOf(input), Name: String(input['Name']) };
        const alias = await send(GetAliasCommand, target).catch(absentIfNotFound);
        return alias && alreadyThere(alias.AliasArn);
      },
    },
    {
      name: 'lambda: an alias routes to one or two published versions of one role, with a weight from 0 to 1',
      service: 'Lambda',
      commands: ['CreateAlias', 'UpdateAlias'],
      source: ALIASES,
      async before({ input, send }) {
        const versions = [input['FunctionVersion'], ...Object.keys(weightsOf(input))];
        const reason =
          weightsFault(input) ??
          (versions.some((version) => isDeleted(input, version)) ? 'unknown version' : undefined);
        if (reason) return invalid(reason);
        const found = await Promise.all(
          versions.map((version) =>
            send(GetFunctionCommand, {
              FunctionName: nameOf(input),
              Qualifier: String(version),
            }).catch(absentIfNotFound),
          ),
        );
        const roles = new Set(found.map((each) => each?.Configuration?.Role));
        if (roles.has(undefined)) return invalid('a version does not exist');
        return roles.size > 1 ? invalid('the versions have different roles') : undefined;
      },
    },
    {
      name: 'lambda: a stale RevisionId of an alias is refused',
      service: 'Lambda',
      commands: ['UpdateAlias'],
      source: 'https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html',
      before({ input }) {
        const wanted = input['RevisionId'];
        if (wanted === undefined) return undefined;
        const key = aliasKey(input);
        if (wanted !== revisionIdOf(key)) {
          // A change that moto has refused has no end to report.
          changing.delete(key);
          return preconditionFailed();
        }
        // When two calls are under way at once, the second is already too late.
        revisionIds.set(key, randomUUID());
        changing.add(key);
        return undefined;
      },
    },
    {
      name: 'lambda: a version that an alias names is not deleted',
      service: 'Lambda',
      commands: ['DeleteFunction'],
      source: 'https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html',
      async before({ input, send }) {
        const version = input['Qualifier'];
        if (version === undefined) return undefined;
        const { Aliases = [] } = await send(ListAliasesCommand, { FunctionName: nameOf(input) });
        const names = Aliases.flatMap(({ FunctionVersion, RoutingConfig }) => [
          FunctionVersion,
          ...Object.keys(RoutingConfig?.AdditionalVersionWeights ?? {}),
        ]);
        return names.includes(String(version))
          ? conflict('Version is referenced by an alias')
          : undefined;
      },
    },
    {
      // moto numbers a version by how many there are, so it has to keep those that are deleted.
      name: 'lambda: the number of a deleted version is never used again',
      service: 'Lambda',
      commands: ['DeleteFunction', 'GetFunction', 'Invoke', 'ListVersionsByFunction'],
      source: 'https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html',
      before({ command, input }) {
        const version = input['Qualifier'];
        if (version === undefined) {
          if (command === 'DeleteFunction') forget(deleted, nameOf(input));
          return undefined;
        }
        if (isDeleted(input, version)) return notFound(input);
        if (command !== 'DeleteFunction') return undefined;
        deleted.add(`${nameOf(input)}:${version}`);
        return { output: {} };
      },
      after({ command, input }, output) {
        if (command !== 'ListVersionsByFunction') return undefined;
        const { Versions = [] } = output as { Versions?: { Version: string }[] };
        const left = Versions.filter(({ Version }) => !isDeleted(input, Version));
        return left.length < Versions.length ? { ...output, Versions: left } : undefined;
      },
    },
    {
      name: 'lambda: a statement id is given once',
      service: 'Lambda',
      commands: ['AddPermission'],
      source: 'https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html',
      async before({ input, send }) {
        const Qualifier = String(input['Qualifier']);
        const target = { FunctionName: nameOf(input), Qualifier };
        const named = { ...target, Name: Qualifier };
        const alias = await send(GetAliasCommand, named).catch(absentIfNotFound);
        const policy = alias && (await send(GetPolicyCommand, target).catch(absentIfNotFound));
        const { Statement = [] } = JSON.parse(policy?.Policy ?? '{}');
        const isThere = Statement.some(({ Sid }: { Sid: string }) => Sid === input['StatementId']);
        return isThere ? conflict('The statement id provided already exists') : undefined;
      },
    },
  ];
}

function weightsOf(input: Input): Readonly<Record<string, number>> {
  const routing = input['RoutingConfig'] as
    | { AdditionalVersionWeights?: Record<string, number> }
    | undefined;
  return routing?.AdditionalVersionWeights ?? {};
}

function weightsFault(input: Input): string | undefined {
  const weights = Object.entries(weightsOf(input));
  if (weights.length > 1) return 'an alias routes to two versions at most';
  if (weights.some(([, weight]) => weight < 0 || weight > 1)) return 'a weight is outside 0..1';
  const versions = [input['FunctionVersion'], ...weights.map(([version]) => version)];
  if (weights.length > 0 && versions.includes('$LATEST')) return '$LATEST takes no weight';
  return new Set(versions).size < versions.length ? 'the two versions are the same' : undefined;
}

function invalid(message: string): Refusal {
  return { name: 'InvalidParameterValueException', message, status: 400 };
}

/** Lambda's own wording, without the part that `conflict` adds for a busy resource. */
function alreadyThere(arn = ''): Refusal {
  return {
    name: 'ResourceConflictException',
    message: `Alias already exists: ${arn}`,
    status: 409,
  };
}

function notFound(input: Input): Refusal {
  const message = `Function not found: ${nameOf(input)}:${input['Qualifier']}`;
  return { name: 'ResourceNotFoundException', message, status: 404 };
}

function forget(deleted: Set<string>, name: string): void {
  for (const key of deleted) if (key.startsWith(`${name}:`)) deleted.delete(key);
}

import type { AwsCall, AwsRule, Ruling } from './rules.ts';

type Alias = {
  readonly version: string;
  readonly weights: Readonly<Record<string, number>>;
  readonly description: unknown;
  readonly revisionId: string;
};

type Configuration = Readonly<Record<string, unknown>> & { readonly RevisionId: string };

type Function = {
  latest: Configuration;
  readonly versions: Configuration[];
  readonly aliases: Map<string, Alias>;
  turn: number;
};

/** The answer of a version's server; `revision` is the Description of the version that was chosen. */
export type Serve = (revision: string, event: { readonly path: string }) => unknown;

const ARN = 'arn:aws:lambda:us-east-1:123456789012:function:';

/** Lambda without a service behind it: functions, versions and aliases that take no time, for workflows in virtual time. Put it last: it answers every call. */
export function lambdaInMemory(serve: Serve): readonly AwsRule[] {
  const functions = new Map<string, Function>();
  let changes = 0;
  const next = () => `revision-id-${++changes}`;

  const answers: Readonly<Record<string, (input: Input, found: Function) => object>> = {
    GetFunction: ({ Qualifier }, found) => {
      const Configuration = configurationOf(found, Qualifier);
      return { Configuration, Code: { ImageUri: Configuration['ImageUri'] } };
    },
    UpdateFunctionConfiguration: (input, found) => {
      found.latest = { ...found.latest, ...input, ...SETTLED, RevisionId: next() };
      return found.latest;
    },
    UpdateFunctionCode: ({ ImageUri }, found) => {
      found.latest = { ...found.latest, ImageUri, ...SETTLED, RevisionId: next() };
      return found.latest;
    },
    PublishVersion: ({ Description }, found) => {
      const Version = String(found.versions.length + 1);
      const version = { ...found.latest, Description, Version, RevisionId: next() };
      found.versions.push(version);
      return version;
    },
    ListVersionsByFunction: (_, found) => ({
      Versions: [{ ...found.latest, Version: '$LATEST' }, ...found.versions],
    }),
    GetAlias: ({ FunctionName, Name }, found) => aliasOf(found, FunctionName, String(Name)),
    CreateAlias: (input, found) => written(found, input, next()),
    UpdateAlias: (input, found) => written(found, input, next()),
    AddPermission: () => ({}),
    TagResource: () => ({}),
    Invoke: (input, found) => invoked(found, input, serve),
  };

  return [
    {
      name: 'lambda: all of it, in memory',
      service: 'Lambda',
      commands: ['CreateFunction', ...Object.keys(answers)],
      source: 'https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html',
      before({ command, input }: AwsCall): Ruling {
        const asked = input as Input;
        const name = asked.FunctionName ?? String(asked['Resource']).replace(ARN, '');
        if (command === 'CreateFunction') {
          const { ImageUri } = asked['Code'] as { ImageUri: string };
          const own = { FunctionArn: ARN + name, ImageUri, ...SETTLED, RevisionId: next() };
          const latest = { ...asked, ...own };
          functions.set(name, { latest, versions: [], aliases: new Map(), turn: 0 });
          return { output: latest };
        }
        const found = functions.get(name);
        if (!found) return NOT_FOUND;
        try {
          return { output: answers[command]?.(asked, found) ?? {} };
        } catch (error) {
          if (error === NOT_FOUND) return NOT_FOUND;
          throw error;
        }
      },
    },
  ];
}

type Input = Readonly<Record<string, unknown>> & {
  readonly FunctionName?: string;
  readonly Qualifier?: string;
};

const SETTLED = { State: 'Active', LastUpdateStatus: 'Successful' } as const;
const NOT_FOUND = {
  name: 'ResourceNotFoundException',
  message: 'The resource you requested does not exist.',
  status: 404,
} as const;

function configurationOf(found: Function, qualifier = '$LATEST'): Configuration {
  if (qualifier === '$LATEST') return found.latest;
  const version = found.versions[Number(qualifier) - 1];
  if (!version) throw NOT_FOUND;
  return version;
}

function aliasOf(found: Function, name: string | undefined, alias: string): object {
  const held = found.aliases.get(alias);
  if (!held) throw NOT_FOUND;
  return {
    AliasArn: `${ARN}${name}:${alias}`,
    FunctionVersion: held.version,
    RoutingConfig: { AdditionalVersionWeights: held.weights },
    Description: held.description,
    RevisionId: held.revisionId,
  };
}

function written(found: Function, input: Input, revisionId: string): object {
  const { AdditionalVersionWeights: weights = {} } = input['RoutingConfig'] as {
    AdditionalVersionWeights?: Readonly<Record<string, number>>;
  };
  const name = String(input['Name']);
  const version = String(input['FunctionVersion']);
  found.aliases.set(name, { version, weights, description: input['Description'], revisionId });
  return aliasOf(found, input.FunctionName, name);
}

/** An alias sends every tenth request to each tenth of a weight. */
function invoked(found: Function, { Qualifier = '', Payload }: Input, serve: Serve): object {
  const alias = found.aliases.get(Qualifier);
  const number = alias ? chosen(alias, found.turn++) : Qualifier;
  const { Description } = configurationOf(found, number);
  const event = JSON.parse(Buffer.from(Payload as Uint8Array).toString());
  const answer = serve(String(Description), event);
  return {
    StatusCode: 200,
    ExecutedVersion: number,
    Payload: Buffer.from(JSON.stringify(answer)),
  };
}

function chosen({ version, weights }: Alias, turn: number): string {
  const [second] = Object.entries(weights);
  return second && turn % 10 < second[1] * 10 ? second[0] : version;
}

import {
  CreateAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  InvokeCommand,
  LambdaClient,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import { invocationEvent } from '#adapters/aws/api/invocation-event.ts';
import { ALIASES } from '#adapters/aws/lambda/model-function.ts';
import { asWritten, type Claim, notSeen, otherwise, refusedBy, type Scene } from '../claim.ts';
import { modelStreams } from './model-streams.ts';

const Name = ALIASES.function;
/** A revision id of an alias that no write has ever produced. */
const STALE = '00000000-0000-4000-8000-000000000000';

const functionName = ({ outputs, model }: Scene) => outputs.FunctionPrefix + model;

/** The alias that callers use, as it stands now. */
async function aliasOf(scene: Scene) {
  const lambda = scene.client(LambdaClient);
  const FunctionName = functionName(scene);
  const { FunctionVersion } = await lambda.send(new GetAliasCommand({ FunctionName, Name }));
  return { lambda, FunctionName, FunctionVersion };
}

export const LAMBDA_CLAIMS: readonly Claim[] = [
  {
    row: 'A stale RevisionId is refused by UpdateAlias',
    look: async (scene) => {
      const { lambda, FunctionName, FunctionVersion } = await aliasOf(scene);
      // If it were accepted, the alias would stay as it is.
      const update = { FunctionName, Name, FunctionVersion, RevisionId: STALE };
      return refusedBy('PreconditionFailedException', () =>
        lambda.send(new UpdateAliasCommand(update)),
      );
    },
  },
  {
    row: 'An alias is made once',
    look: async (scene) => {
      const { lambda, FunctionName, FunctionVersion } = await aliasOf(scene);
      return refusedBy('ResourceConflictException', () =>
        lambda.send(new CreateAliasCommand({ FunctionName, Name, FunctionVersion })),
      );
    },
  },
  {
    row: 'An alias sends each request to one of its two versions',
    look: async (scene) => {
      const { lambda, FunctionName, FunctionVersion } = await aliasOf(scene);
      const event = invocationEvent('v1', { model: scene.model, method: 'GET', path: '/ping' });
      const { ExecutedVersion } = await lambda.send(
        new InvokeCommand({ FunctionName, Qualifier: Name, Payload: JSON.stringify(event) }),
      );
      const what = `the alias names ${FunctionVersion}, and ExecutedVersion is ${ExecutedVersion}`;
      return ExecutedVersion === FunctionVersion ? asWritten(what) : otherwise(what);
    },
  },
  {
    row: 'A change of an alias reaches every request',
    look: async ({ answers, model, at }) => {
      const between = (fromMs: number, toMs: number, version: string) => {
        const sent = answers.filter(({ sentMs }) => sentMs > fromMs && sentMs < toMs);
        const own = sent.filter(({ revision }) => revision === `${model}-${version}`);
        return { own: own.length, others: sent.length - own.length };
      };
      const upgraded = between(at.upgraded, at.asked, 'v2');
      const back = between(at.rolledBack, Number.POSITIVE_INFINITY, 'v1');
      if (upgraded.own + back.own === 0) return notSeen('no request was sent after a change');
      const others = upgraded.others + back.others;
      const what = `once a change was Live, ${upgraded.own + back.own} requests were answered by its version, ${others} otherwise`;
      return others === 0 ? asWritten(what) : otherwise(what);
    },
  },
  {
    row: 'In a log group of several functions streams are named',
    look: async (scene) => {
      const names = await modelStreams(scene);
      const name = functionName(scene);
      const own = names.filter((each) => each.includes(name));
      if (names.length === 0) return notSeen('the log group has no stream yet');
      const isKnown = new RegExp(`^\\d{4}/\\d\\d/\\d\\d/${name}\\[\\d+\\]`);
      const wrong = own.filter((each) => !isKnown.test(each));
      if (own.length === 0) return otherwise(`no stream has the function's name: ${names[0]}`);
      return wrong.length === 0
        ? asWritten(`${own.length} streams of the model's versions`)
        : otherwise(`a stream is named ${wrong[0]}`);
    },
  },
  {
    row: 'Functions in subnets without a way out still answer',
    look: async (scene) => {
      const answered = scene.answers.filter(({ status }) => status === 200).length;
      const streams = await modelStreams(scene);
      if (answered === 0) return notSeen('no request was answered');
      const what = `${answered} answers, ${streams.length} streams of logs`;
      return streams.length > 0 ? asWritten(what) : notSeen(what);
    },
  },
  {
    // This look comes last: if the deletion were accepted, the model would be broken.
    row: 'A version that an alias names is not deleted',
    look: async (scene) => {
      const { lambda, FunctionName, FunctionVersion } = await aliasOf(scene);
      if (!FunctionVersion) return notSeen('the alias names no version');
      return refusedBy('ResourceConflictException', () =>
        lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: FunctionVersion })),
      );
    },
  },
];

import type { RequestListener } from 'node:http';
import { CreateAliasCommand } from '@aws-sdk/client-lambda';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { lambdaProbes } from '#adapters/aws/lambda/lambda-prober.ts';
import { ALIASES, type FunctionKind } from '#adapters/aws/lambda/model-function.ts';
import { type CountedAt, dynamoProbeCounts } from '#adapters/aws/registry/probe-counts.ts';
import { awsProber } from '#adapters/aws/routes/aws-prober.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import type { Behaviour } from '../../contracts/prober.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { scriptedServer } from '../fronts/scripted-server.ts';
import { dynamoWorld } from './dynamo.ts';
import { modelFunctionsWorld } from './model-functions.ts';
import type { Moto } from './moto.ts';

type Probed = { readonly runtime?: RuntimeName; readonly kind?: FunctionKind };

/** The model `digits`, whose traffic all goes to `digits-v1`, as a function whose server behaves as given; it streams if its kind says so, and then there is a record of its route. */
export async function probedFunctionsWorld(
  moto: Moto,
  behave: () => Behaviour,
  { runtime = 'onnx', kind = 'function' }: Probed = {},
) {
  const server = scriptedServer(() => listener(behave));
  const world = await modelFunctionsWorld(moto, server);
  const streaming = kind === 'function' ? [] : ['digits-v1'];
  await world.publish('digits', ['digits-v1'], { runtime, streaming });
  const { prefix: functionPrefix } = world.functions;
  const Name = ALIASES[kind];
  const alias = { FunctionName: `${functionPrefix}digits`, Name, FunctionVersion: '1' };
  const { AliasArn: aliasArn = '' } = await world.lambda().send(new CreateAliasCommand(alias));
  const { client, table } = dynamoWorld(moto);
  const clock = fakeClock(Date.UTC(2026, 11, 1));
  const records = routeRecords({ dynamo: client(), table, api: 'api' });
  if (kind !== 'function') {
    await records.update('digits', (record) => ({ ...record, serves: { kind, aliasArn } }));
  }

  return {
    ...world,
    dynamo: client,
    probing: ({ lambda = world.lambda(), dynamo = client() } = {}) =>
      awsProber({
        functions: lambdaProbes({ lambda, functionPrefix, apiStage: 'api' }),
        containers: () => Promise.reject(new Error('no container is probed')),
        records: routeRecords({ dynamo, table, api: 'api' }),
        counts: dynamoProbeCounts({ client: dynamo, table, clock }),
      }),
    /** How many probes were counted with the requests of the function's aliases, or of a container's target group. */
    counted: async (at: CountedAt['at']) => {
      const counts = dynamoProbeCounts({ client: client(), table, clock });
      const minutes = await counts.minutes({ model: 'digits', at }, 0);
      return [...minutes.values()].reduce((sum, count) => sum + count, 0);
    },
  };
}

function listener(behave: () => Behaviour): RequestListener {
  return async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    // The web adapter asks until the server answers that it is ready.
    if (request.url === '/ping' && !request.headers['content-type']) return response.end();
    const body = text === '' ? undefined : JSON.parse(text);
    const contentType = request.headers['content-type'];
    const answer = behave()({ path: String(request.url), contentType, body });
    if (answer === 'silent') return response;
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    return response.end(JSON.stringify(answer.body));
  };
}

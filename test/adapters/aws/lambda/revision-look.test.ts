import { knownVersions } from '#adapters/aws/lambda/model-versions.ts';
import { revisionLook } from '#adapters/aws/lambda/revision-look.ts';
import { modelFunctionsWorld } from '../../../support/aws/model-functions.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { scriptedServer } from '../../../support/fronts/scripted-server.ts';

describeOnMoto('a look at a revision on moto', (moto) => {
  it.each([
    { status: 200, state: { kind: 'ready', startMs: 871.75 } },
    { status: 404, state: { kind: 'ready', startMs: 871.75 } },
    { status: 503, state: { kind: 'pending', reason: 'its server answered /ping with 503' } },
    {
      status: 500,
      state: {
        kind: 'failed',
        reason: 'its server answered /ping with 500',
        logTail: ['it broke'],
      },
    },
  ] as const)('takes an answer of $status for $state.kind', async ({ status, state }) => {
    const server = scriptedServer(() => (request, response) => {
      // The web adapter passes on nothing before the server is ready.
      const isRequest = request.headers['x-amzn-lambda-context'] !== undefined;
      response.writeHead(isRequest ? status : 200).end('{}');
    });
    const world = await modelFunctionsWorld(moto(), server);
    await world.publish('digits', ['digits-v1']);
    const lambda = world.lambda();
    const look = revisionLook({
      lambda,
      versions: knownVersions(lambda),
      logs: { tail: async () => [{ timeMs: null, text: 'it broke' }] },
      functions: world.functions,
      apiStage: 'api',
      startLookMs: 5_000,
      changesOf: () => {
        throw new Error('nothing is published');
      },
    });

    expect(await look('digits-v1')).toEqual(state);
    // The environment is there now, so the next look measures no start.
    if (state.kind === 'ready') {
      expect(await look('digits-v1')).toEqual({ kind: 'ready', startMs: null });
    }
    await world.close();
  });
});

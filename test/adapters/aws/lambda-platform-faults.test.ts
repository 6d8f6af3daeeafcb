import { type LambdaClient, ListVersionsByFunctionCommand } from '@aws-sdk/client-lambda';
import { type AwsFault, awsFault } from '../../support/aws-faults.ts';
import { lambdaPlatformWorld } from '../../support/lambda-platform-world.ts';
import { describeOnMoto } from '../../support/moto.ts';
import { persist } from '../../support/persist.ts';
import { behaving } from '../../support/servers/behaviour.ts';

const ANSWERS = behaving('answers');
const EPOCH = 1;
const LONG = { waitMs: 60_000 };
const NAME = 'slipway-test-m-digits';
const FAULTS: readonly AwsFault[] = ['throttled', 'broken', 'reply lost'];

const CALLS = [
  { deed: 'a first revision', command: 'CreateFunction' },
  { deed: 'a first revision', command: 'ListVersionsByFunction' },
  { deed: 'a first revision', command: 'GetFunction' },
  { deed: 'a first revision', command: 'PublishVersion' },
  { deed: 'a first revision', command: 'Invoke' },
  { deed: 'a next revision', command: 'UpdateFunctionConfiguration' },
  { deed: 'a next revision', command: 'UpdateFunctionCode' },
  { deed: 'a next revision', command: 'PublishVersion' },
  { deed: 'a removal', command: 'UpdateFunctionConfiguration' },
  { deed: 'a removal', command: 'DeleteFunction' },
].flatMap((call) => FAULTS.map((fault) => ({ ...call, fault })));

const LEFT: Readonly<Record<string, readonly string[]>> = {
  'a first revision': ['digits-v1'],
  'a next revision': ['digits-v1', 'digits-v2'],
  'a removal': ['digits-v1'],
};

describeOnMoto('lambdaPlatform on moto', (moto) => {
  it.each(CALLS)('$deed comes out the same when its $command is $fault once', async (call) => {
    const { deed, command, fault } = call;
    const world = await lambdaPlatformWorld(moto());
    const { platform } = world;
    const [first, second] = [1, 2].map((version) => world.spec(ANSWERS, { version }));
    const make = async (spec: typeof first, on = platform) => {
      await persist(() => on.create(spec!, EPOCH));
      return persist(() => on.describe(spec!.revision, LONG));
    };
    if (deed !== 'a first revision') await make(first);
    if (deed === 'a removal') await make(second);
    let count = () => 0;
    const lambda = world.lambda({
      maxAttempts: 1,
      outer: (client) => {
        count = awsFault(client, command, fault, 1).count;
      },
    });
    const faulty = world.platformOver(lambda);

    if (deed === 'a removal') await persist(() => faulty.remove('digits-v2', EPOCH));
    else await make(deed === 'a first revision' ? first : second, faulty);

    expect(count()).toBe(1);
    const { Versions = [] } = await world
      .lambda()
      .send(new ListVersionsByFunctionCommand({ FunctionName: NAME }));
    const published = Versions.filter(({ Version }) => Version !== '$LATEST');
    expect(published.map(({ Description }) => Description)).toEqual(LEFT[deed]);
    for (const revision of LEFT[deed] ?? []) {
      expect(await platform.describe(revision, LONG)).toEqual({ kind: 'ready' });
    }
    await world.close();
  });

  it.each([
    { command: 'CreateFunction', name: 'PlatformDenied', fault: 'denied' },
    { command: 'CreateFunction', name: 'PlatformThrottled', fault: 'throttled' },
    { command: 'CreateFunction', name: 'PlatformUnavailable', fault: 'broken' },
  ] as const)('a creation that is $fault fails with $name', async ({ command, name, fault }) => {
    const world = await lambdaPlatformWorld(moto());
    const outer = (client: LambdaClient) => void awsFault(client, command, fault);

    const creation = world
      .platformOver(world.lambda({ maxAttempts: 1, outer }))
      .create(world.spec(ANSWERS), EPOCH);

    await expect(creation).rejects.toMatchObject({ name });
    await world.close();
  });
});

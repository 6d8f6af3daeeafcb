import { GetFunctionConcurrencyCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { setFunctionCeiling } from '#adapters/aws/lambda/function-ceiling.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { type AwsFault, awsFault } from '../../../support/aws/faults.ts';
import { modelFunctionsWorld } from '../../../support/aws/model-functions.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { lambdaReservations } from '../../../support/aws/rules/lambda-reservations.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';

const FunctionName = 'slipway-test-m-digits';

describeOnMoto('the ceiling of a function', (moto) => {
  let close = async () => {};
  afterEach(() => close());

  /** A function with two versions, in an account with so many executions that nobody has reserved. */
  async function opened(unreserved = 1000, fault?: AwsFault) {
    const world = await modelFunctionsWorld(moto());
    close = world.close;
    await world.publish('digits', ['digits-v1', 'digits-v2']);
    const client = awsClient(LambdaClient, moto(), undefined, { maxAttempts: 1 });
    if (fault) awsFault(client, 'PutFunctionConcurrency', fault);
    const lambda = awsRules(lambdaReservations(unreserved)).guard(client);
    const reserved = async () =>
      (await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName })))
        .ReservedConcurrentExecutions;
    return { lambda, reserved };
  }

  it('holds for all its versions, at none too, until it is taken away', async () => {
    const { lambda, reserved } = await opened();
    const seen: unknown[] = [];

    for (const most of [7, 7, 0, null, null]) {
      await setFunctionCeiling(lambda, FunctionName, most);
      seen.push(await reserved());
    }

    expect(seen).toEqual([7, 7, 0, undefined, undefined]);
  });

  it('leaves a function as it is where the account has nothing to reserve, and still stops it', async () => {
    const { lambda, reserved } = await opened(10);

    await setFunctionCeiling(lambda, FunctionName, 3);
    expect(await reserved()).toBeUndefined();
    await setFunctionCeiling(lambda, FunctionName, 0);
    expect(await reserved()).toBe(0);
  });

  it('is none of a function that is gone', async () => {
    const { lambda } = await opened();

    await setFunctionCeiling(lambda, 'slipway-test-m-gone', 1);
    await setFunctionCeiling(lambda, 'slipway-test-m-gone', null);
  });

  it.each([
    ['denied', 'PlatformDenied'],
    ['throttled', 'PlatformThrottled'],
    ['broken', 'PlatformUnavailable'],
  ] as const)('says that its call was %s', async (fault, name) => {
    const { lambda } = await opened(1000, fault);

    await expect(setFunctionCeiling(lambda, FunctionName, 1)).rejects.toMatchObject({ name });
  });
});

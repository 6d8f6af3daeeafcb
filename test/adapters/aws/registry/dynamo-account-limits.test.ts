import { dynamoAccountLimits } from '#adapters/aws/registry/dynamo-account-limits.ts';
import { describeAccountLimits } from '../../../contracts/account-limits.ts';
import { dynamoWorld } from '../../../support/aws/dynamo.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { dynamodbRules } from '../../../support/aws/rules/dynamodb.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

describeOnMoto('the limits of an account in DynamoDB', (moto) => {
  describeAccountLimits('dynamoAccountLimits', () => {
    const { client, table } = dynamoWorld(moto());
    const clock = fakeClock(0);
    const limits = dynamoAccountLimits({ client: client(awsRules(dynamodbRules())), table, clock });
    return { limits, clock };
  });
});

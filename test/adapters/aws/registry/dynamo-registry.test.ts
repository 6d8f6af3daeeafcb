import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { describeRegistry } from '../../../contracts/registry.ts';
import { dynamoWorld, onOutbox } from '../../../support/aws/dynamo.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { dynamodbRules } from '../../../support/aws/rules/dynamodb.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';

// A story is a thousand requests to moto: each run tells it others.
const STORIES = 10;

describeOnMoto('the registry in DynamoDB', (moto) => {
  describeRegistry(
    'dynamoRegistry',
    ({ clock, onEvents }) => {
      const { client, table } = dynamoWorld(moto());
      const guarded = client(awsRules(dynamodbRules()));
      return dynamoRegistry({ client: onOutbox(guarded, onEvents), table, clock });
    },
    STORIES,
  );
});

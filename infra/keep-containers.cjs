'use strict';

const { CloudFormationClient, DescribeStacksCommand } = require('@aws-sdk/client-cloudformation');
const { DynamoDBClient, paginateQuery } = require('@aws-sdk/client-dynamodb');
const { ECSClient, paginateListClusters, paginateListServices } = require('@aws-sdk/client-ecs');

/**
 * An osls plugin that refuses `containers=off` while models run in containers.
 * CloudFormation would cut them off: after everything else is updated it deletes the load balancer and its listener, and nothing restores those.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
 * @param {import('./osls').Serverless} serverless
 */
module.exports = function keepContainers(serverless) {
  return { hooks: { 'before:aws:deploy:deploy:createStack': () => keep(serverless) } };
};

/** @param {import('./osls').Serverless} serverless */
async function keep(serverless) {
  const { Parameters } = serverless.service.provider.compiledCloudFormationTemplate;
  if (Parameters.Containers.Default !== 'off') return;
  const provider = serverless.getProvider('aws');
  const settings = await provider.getAwsSdkV3Config();
  const outputs = await outputsOf(settings, provider.naming.getStackName());
  if (!outputs.Cluster) return;
  const [models, services] = await Promise.all([
    servedModels(settings, { Table: outputs.Table, Api: outputs.Api }),
    runningServices(settings, outputs.Cluster),
  ]);
  if (models.length + services.length === 0) return;
  const found = [
    ...models.map((model) => `model ${model}`),
    ...services.map((service) => `service ${service}`),
  ].join(', ');
  throw new serverless.classes.Error(
    `containers=off would cut off what runs in containers: ${found}. First undeploy each model (slipway undeploy NAME --stage ${provider.getStage()}), or upload it again with \`placement: {target: lambda}\` in its model.yaml and wait until its service is gone, a quarter of an hour.`,
    'CONTAINERS_IN_USE',
  );
}

/**
 * Empty when there is no stack yet.
 * @param {import('./osls').AwsSettings} settings
 * @param {string} StackName
 * @returns {Promise<Record<string, string>>}
 */
async function outputsOf(settings, StackName) {
  const cloudFormation = new CloudFormationClient(settings);
  const { Stacks = [] } = await cloudFormation
    .send(new DescribeStacksCommand({ StackName }))
    .catch((error) => {
      if (!error.message.includes('does not exist')) throw error;
      return { Stacks: [] };
    });
  const outputs = Stacks[0]?.Outputs ?? [];
  return Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
}

/**
 * The models whose requests go to containers, or are about to, by the router's records (src/adapters/aws/api/route-records.ts).
 * @param {import('./osls').AwsSettings} settings
 * @param {{ Table: string | undefined, Api: string | undefined }} outputs
 */
async function servedModels(settings, { Table, Api }) {
  const routes = {
    TableName: Table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: `ROUTE#${Api}` } },
    ConsistentRead: true,
  };
  const models = [];
  for await (const { Items = [] } of paginateQuery(
    { client: new DynamoDBClient(settings) },
    routes,
  )) {
    for (const { sk, route } of Items) {
      if (!sk?.S || !route?.S) throw new Error(`a record of the routes in ${Table} has no route`);
      const { serves, move } = JSON.parse(route.S);
      if ([serves?.kind, move?.to.kind].includes('container')) models.push(sk.S);
    }
  }
  return models;
}

/**
 * The services, including candidates, in the stage's cluster and in the clusters created beside it, whose names begin with its name.
 * @param {import('./osls').AwsSettings} settings
 * @param {string} stageCluster
 */
async function runningServices(settings, stageCluster) {
  const client = new ECSClient(settings);
  const services = [];
  for await (const { clusterArns = [] } of paginateListClusters({ client }, {})) {
    for (const cluster of clusterArns) {
      const name = cluster.split('/').at(-1) ?? '';
      if (name !== stageCluster && !name.startsWith(`${stageCluster}-`)) continue;
      for await (const { serviceArns = [] } of paginateListServices({ client }, { cluster })) {
        services.push(...serviceArns.map((arn) => arn.split('/').at(-1)));
      }
    }
  }
  return services;
}

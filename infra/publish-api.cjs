'use strict';

const { setTimeout: sleep } = require('node:timers/promises');
const { APIGatewayClient, CreateDeploymentCommand } = require('@aws-sdk/client-api-gateway');
const { DescribeStacksCommand } = require('@aws-sdk/client-cloudformation');

const TRIES = 10;
// An account may make one deployment every 5 s. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-service-limits-table.html
const BETWEEN_TRIES_MS = 6000;
/** Another deployment came first, or a route of the router's is half made. */
const PASSING = new Set(['TooManyRequestsException', 'BadRequestException', 'ConflictException']);

/**
 * Publishes the API after a stack update, as a plugin of osls: a snapshot of the whole API, models' routes included.
 * The template cannot: its deployment and stage must not change (infra/api.yml).
 */
module.exports = function publishApi(serverless) {
  return { hooks: { 'after:aws:deploy:deploy:updateStack': () => publish(serverless) } };
};

async function publish(serverless) {
  const { shouldNotDeploy, deploymentWithEmptyChangeSet, compiledCloudFormationTemplate } =
    serverless.service.provider;
  if (shouldNotDeploy || deploymentWithEmptyChangeSet) return;
  const provider = serverless.getProvider('aws');
  const cloudFormation = await provider.getCloudFormationClient();
  const StackName = provider.naming.getStackName();
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
  const deployment = new CreateDeploymentCommand({
    restApiId: Stacks[0].Outputs.find(({ OutputKey }) => OutputKey === 'Api').OutputValue,
    stageName: compiledCloudFormationTemplate.Resources.ApiStage.Properties.StageName,
  });
  const apiGateway = new APIGatewayClient(await provider.getAwsSdkV3Config());
  await retrying(() => apiGateway.send(deployment));
}

async function retrying(attempt) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!PASSING.has(error.name) || tried === TRIES) throw error;
      await sleep(BETWEEN_TRIES_MS);
    }
  }
}

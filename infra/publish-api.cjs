'use strict';

const { DescribeStacksCommand } = require('@aws-sdk/client-cloudformation');

/** @typedef {import('../src/operations/install/publish-api.ts').PublishedStack['outputs']} Outputs */

/**
 * An osls plugin that publishes the API after a stack update: a snapshot of the whole API, including models' routes.
 * The template cannot: its deployment and stage must not change (infra/api.yml). Publishing takes the same lease as the steps that change routes at run time (docs/adr/0003).
 * @param {import('./osls').Serverless} serverless
 */
module.exports = function publishApi(serverless) {
  return { hooks: { 'after:aws:deploy:deploy:updateStack': () => publish(serverless) } };
};

/** @param {import('./osls').Serverless} serverless */
async function publish(serverless) {
  const { shouldNotDeploy, deploymentWithEmptyChangeSet, compiledCloudFormationTemplate } =
    serverless.service.provider;
  if (shouldNotDeploy || deploymentWithEmptyChangeSet) return;
  const provider = serverless.getProvider('aws');
  const cloudFormation = await provider.getCloudFormationClient();
  const StackName = provider.naming.getStackName();
  const { Stacks: [stack] = [] } = await cloudFormation.send(
    new DescribeStacksCommand({ StackName }),
  );
  const ApiStage = compiledCloudFormationTemplate.Resources.ApiStage.Properties.StageName;
  const named = stack?.Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]) ?? [];
  const { publishApi } = await import('../src/operations/install/publish-api.ts');
  // The template has each of them.
  const outputs = /** @type {Outputs} */ (
    /** @type {unknown} */ ({ ...Object.fromEntries(named), ApiStage })
  );
  await publishApi({ stage: provider.getStage(), outputs }, await provider.getAwsSdkV3Config());
}

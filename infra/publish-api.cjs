'use strict';

const { DescribeStacksCommand } = require('@aws-sdk/client-cloudformation');

/**
 * Publishes the API after a stack update, as a plugin of osls: a snapshot of the whole API, models' routes included.
 * The template cannot: its deployment and stage must not change (infra/api.yml). It is done under the lease of those who make routes at run time (docs/adr/0003).
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
  const ApiStage = compiledCloudFormationTemplate.Resources.ApiStage.Properties.StageName;
  const told = Stacks[0].Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]);
  const { publishApi } = await import('../src/compose/publish-api.ts');
  await publishApi(
    { stage: provider.getStage(), outputs: { ...Object.fromEntries(told), ApiStage } },
    await provider.getAwsSdkV3Config(),
  );
}

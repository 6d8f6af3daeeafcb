'use strict';

/**
 * An osls plugin that creates the service-linked roles before the stack: in a new account ECS, without its role, refuses the first cluster with capacity providers.
 * The deployment bucket and the upload come in between, which gives IAM the time to propagate the roles.
 * @param {import('./osls').Serverless} serverless
 */
module.exports = function serviceRoles(serverless) {
  return { hooks: { 'before:aws:deploy:deploy:createStack': () => make(serverless) } };
};

/** @param {import('./osls').Serverless} serverless */
async function make(serverless) {
  const { Parameters } = serverless.service.provider.compiledCloudFormationTemplate;
  if (Parameters.Containers.Default === 'off') return;
  const { ensureServiceRoles } = await import('../src/operations/account/service-roles.ts');
  const settings = await serverless.getProvider('aws').getAwsSdkV3Config();
  await ensureServiceRoles(settings).catch((error) => {
    if (!error.fix) throw error;
    throw new serverless.classes.Error(`${error.message}. ${error.fix}`, 'SERVICE_ROLES');
  });
}

'use strict';

/**
 * Makes the roles that AWS's services work with, before the stack, as a plugin of osls: in a new account ECS refuses the first cluster with capacity providers without its role.
 * The stack's own bucket and the upload come first, by when IAM has told all of AWS of them.
 */
module.exports = function serviceRoles(serverless) {
  return { hooks: { 'before:aws:deploy:deploy:createStack': () => make(serverless) } };
};

async function make(serverless) {
  const { Parameters } = serverless.service.provider.compiledCloudFormationTemplate;
  if (Parameters.Containers.Default === 'off') return;
  const { ensureServiceRoles } = await import('../src/compose/account/service-roles.ts');
  const settings = await serverless.getProvider('aws').getAwsSdkV3Config();
  await ensureServiceRoles(settings).catch((error) => {
    if (!error.fix) throw error;
    throw new serverless.classes.Error(`${error.message}. ${error.fix}`, 'SERVICE_ROLES');
  });
}

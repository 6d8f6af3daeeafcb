'use strict';

const { CONTAINER_GRANTS } = require('./container-grants.cjs');
const { GRANTS, allow, arn } = require('./grants.cjs');

const REMOVE_ROUTE = [
  ...['findVersions', 'readShares', 'readRoutes', 'readStage', 'apiLease', 'publishRoutes'],
  ...['recordRoutes', 'removeRoutes', 'removeAliases', 'forgetRoutes'],
];

/** The grants of each function, by the name of its state; the sweep, publishEvents and authorize have none. */
const ROLES = {
  AdmitDeployment: ['registry', 'readArtifacts', 'findNewest', 'listArtifacts', 'lookAtExecutions'],
  AdmitRollback: ['registry', 'listVersions', 'lookAtExecutions'],
  AdmitUndeploy: ['registry', 'lookAtExecutions'],
  AcquireLease: ['registry', 'endDeployments', 'lookAtExecutions'],
  InspectArtifact: ['registry', 'readArtifacts'],
  PlanBuild: ['registry', 'listVersions', 'grantArtifacts'],
  ExplainBuild: ['registry', 'readBuildLog'],
  ChooseTarget: ['registry'],
  ProvisionLambda: ['registry', 'fence', 'findVersions', 'readFunctions', 'makeFunctions'],
  ProvisionFargate: ['registry', 'fence'],
  ProvisionEc2: ['registry', 'fence'],
  RestartVersion: [
    ...['registry', 'listVersions', 'fence'],
    ...['findVersions', 'readFunctions', 'makeFunctions'],
  ],
  DescribeCandidate: [
    ...['registry', 'findVersions', 'readFunctions', 'publishVersions', 'invokeFunctions'],
    'readModelLog',
  ],
  CheckHealth: ['registry', 'findVersions', 'invokeFunctions'],
  ShiftTraffic: [
    ...['registry', 'fence', 'findVersions', 'readShares', 'setShares', 'apiLease', 'readStage'],
    ...['publishRoutes', 'makeRoutes', 'readRoutes', 'recordRoutes'],
  ],
  VerifyTraffic: [
    ...['registry', 'findVersions', 'readShares', 'readStage', 'readRoutes', 'invokeFunctions'],
  ],
  JudgeBake: [
    ...['registry', 'listVersions', 'findVersions', 'readRoutes', 'invokeFunctions'],
    ...['readMetrics', 'readAlarms'],
  ],
  CommitDeployment: ['registry'],
  RetirePrevious: [
    ...['registry', 'listVersions', 'fence', 'findVersions', 'readShares', 'readStage'],
    ...['readRoutes', 'readFunctions', 'removeVersions', 'unmarkLatest'],
  ],
  RollBack: [
    ...['registry', 'fence', 'findVersions', 'readShares', 'setShares', 'invokeFunctions'],
    ...['apiLease', 'readStage', 'publishRoutes', 'makeRoutes', 'removeRoutes', 'removeAliases'],
    ...['readRoutes', 'recordRoutes', 'forgetRoutes'],
  ],
  Compensate: [
    ...['registry', 'fence', 'findVersions', 'readShares', 'readStage', 'readRoutes'],
    ...['readFunctions', 'removeVersions', 'unmarkLatest'],
  ],
  RemoveRoute: ['registry', 'fence', ...REMOVE_ROUTE],
  RetireAll: [
    ...['registry', 'listVersions', 'fence', 'findVersions', 'readFunctions'],
    ...['removeVersions', 'unmarkLatest'],
  ],
  ReleaseLease: ['registry', 'endDeployments'],
  Sweep: [
    ...['registry', 'listModels', 'listVersions', 'findDeployments', 'endDeployments'],
    ...['listArtifacts', 'lookAtExecutions', 'startExecutions', 'sweepDeadLetters', 'fence'],
    ...REMOVE_ROUTE,
    ...['listFunctions', 'readFunctions', 'publishVersions', 'invokeFunctions', 'readModelLog'],
    ...['removeVersions', 'unmarkLatest'],
  ],
  PublishEvents: ['outbox', 'stream', 'bus'],
  Authorize: ['keys'],
};

const MAKE = ['readContainers', 'readRules', 'makeContainers', 'scaleContainers', 'stopContainers'];
const RETIRE = ['readContainers', 'readRules', 'stopContainers', 'removeContainers'];
const LOOK = ['readContainers', 'readHealth', 'readTasks'];

/** The grants that a function has besides where the stack has containers. */
const WITH_CONTAINERS = {
  ProvisionFargate: MAKE,
  ProvisionEc2: [...MAKE, 'makeHosts'],
  RestartVersion: [...MAKE, 'makeHosts'],
  DescribeCandidate: LOOK,
  CheckHealth: ['probeContainers'],
  // What a model has left that moved to containers is taken away once nobody comes to it.
  ShiftTraffic: [
    ...['readGroups', 'readRules', 'setWeights', 'removeRules', 'removeAliases', 'readMetrics'],
  ],
  VerifyTraffic: ['readGroups', 'readRules', 'readHealth', 'readMetrics', 'probeContainers'],
  JudgeBake: ['readGroups', 'probeContainers'],
  CommitDeployment: ['readContainers'],
  RetirePrevious: RETIRE,
  RollBack: [
    ...['readGroups', 'readRules', 'readHealth', 'setWeights', 'removeRules', 'readMetrics'],
    'probeContainers',
  ],
  Compensate: RETIRE,
  RemoveRoute: ['readContainers', 'readRules', 'removeRules'],
  RetireAll: [...RETIRE, 'removeClusters', 'listContainers'],
  Sweep: [...LOOK, 'readRules', 'listContainers', 'stopContainers', 'removeContainers'].concat(
    'probeContainers',
  ),
};

const ALL = { ...GRANTS, ...CONTAINER_GRANTS };

/** A role for each function, `<Name>Role`: its own log streams, and its grants. */
module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  const statements = (grants) =>
    forStage(
      grants.flatMap((grant) => ALL[grant]),
      stage,
    );
  const roles = Object.entries(ROLES).map(([name, grants]) => {
    const own = policy('step', [...forStage([ownLog(name)], stage), ...statements(grants)]);
    const besides = WITH_CONTAINERS[name];
    return [`${name}Role`, role([own, ...(besides ? [ifContainers(statements(besides))] : [])])];
  });
  return { Resources: Object.fromEntries(roles) };
};

function role(policies) {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
            Action: 'sts:AssumeRole',
          },
        ],
      },
      Policies: policies,
    },
  };
}

function policy(PolicyName, Statement) {
  return { PolicyName, PolicyDocument: { Version: '2012-10-17', Statement } };
}

function ifContainers(statements) {
  return { 'Fn::If': ['HasContainers', policy('containers', statements), { Ref: 'AWS::NoValue' }] };
}

function ownLog(name) {
  const group = `log-group:/aws/lambda/slipway-STAGE-${name[0].toLowerCase()}${name.slice(1)}:*`;
  return allow('logs:CreateLogStream PutLogEvents', arn('logs', group));
}

/** `STAGE` is the stage's name, and what refers to something is resolved by CloudFormation. */
function forStage(statements, stage) {
  const inStage = (_, value) => {
    if (typeof value !== 'string') return value;
    const text = value.replace('STAGE', stage);
    return text.includes('$') ? { 'Fn::Sub': text } : text;
  };
  return JSON.parse(JSON.stringify(statements), inStage);
}

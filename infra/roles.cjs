'use strict';

const { CONTAINER_GRANTS } = require('./container-grants.cjs');
const { GRANTS, TRACING, allow, arn } = require('./grants.cjs');
const { merged } = require('./merged.cjs');

const REMOVE_ROUTE = [
  ...['findVersions', 'readShares', 'readRoutes', 'readStage', 'apiLease', 'publishRoutes'],
  ...['listRoutes', 'recordRoutes', 'removeRoutes', 'removeAliases', 'forgetRoutes'],
];
const LOOK_AT_EXECUTIONS = [
  ...['lookAtDeploys', 'lookAtPromotions', 'lookAtRollbacks', 'lookAtUndeploys'],
];

/** The grants of each function, by the name of its state; the sweep, publishEvents and authorize have none. */
const ROLES = {
  AdmitDeployment: [
    ...['registry', 'findDeployments', 'readArtifacts', 'findNewest', 'listArtifacts'],
    'lookAtDeploys',
  ],
  AdmitPromotion: ['registry', 'readReleases', 'listImages', 'lookAtPromotions'],
  AwaitApproval: ['registry', 'endDeployments'],
  AdmitRollback: ['registry', 'listVersions', 'lookAtRollbacks'],
  AdmitUndeploy: ['registry', 'lookAtUndeploys'],
  AcquireLease: [
    ...['registry', 'listVersions', 'endDeployments', ...LOOK_AT_EXECUTIONS],
    ...['lookAtBuilds', 'stopImageBuilds'],
  ],
  InspectArtifact: ['registry', 'readArtifacts'],
  PlanBuild: ['registry', 'listVersions', 'orderEnvironments', 'readEnvironments'],
  GrantBuild: ['registry', 'grantBuilds', 'grantArtifacts'],
  ExplainBuild: ['registry', 'readBuildLog', 'lookAtBuilds', 'stopBuilds'],
  ChooseTarget: ['registry'],
  AwaitContainers: ['registry', 'endDeployments'],
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
    ...['publishRoutes', 'makeRoutes', 'allowRoutes', 'readRoutes', 'listRoutes', 'recordRoutes'],
  ],
  VerifyTraffic: [
    ...['registry', 'listVersions', 'findVersions', 'readShares', 'readStage', 'readRoutes'],
    'invokeFunctions',
  ],
  JudgeBake: [
    ...['registry', 'listVersions', 'findVersions', 'readRoutes', 'invokeFunctions'],
    ...['readMetrics', 'readAlarms'],
  ],
  CommitDeployment: ['registry'],
  RetirePrevious: [
    ...['registry', 'listVersions', 'fence', 'findVersions', 'readShares', 'readStage'],
    ...['readRoutes', 'readFunctions', 'removeVersions', 'unmarkLatest'],
    // Makes the endpoint of a route that an older Slipway has made without one.
    ...['apiLease', 'publishRoutes', 'makeRoutes', 'allowRoutes', 'listRoutes', 'recordRoutes'],
  ],
  RollBack: [
    ...['registry', 'listVersions', 'fence', 'findVersions', 'readShares', 'setShares'],
    'invokeFunctions',
    ...['apiLease', 'readStage', 'publishRoutes', 'makeRoutes', 'allowRoutes', 'removeRoutes'],
    ...['removeAliases', 'readRoutes', 'listRoutes', 'recordRoutes', 'forgetRoutes'],
  ],
  Compensate: [
    ...['registry', 'fence', 'findVersions', 'readShares', 'readStage', 'readRoutes'],
    // The next deployment to end finishes a route that a dead deployment has begun.
    ...['apiLease', 'publishRoutes', 'makeRoutes', 'allowRoutes', 'listRoutes', 'recordRoutes'],
    ...['readFunctions', 'removeVersions', 'unmarkLatest'],
  ],
  RemoveRoute: ['registry', 'listVersions', 'fence', ...REMOVE_ROUTE],
  RetireAll: [
    ...['registry', 'listVersions', 'fence', 'listFunctions', 'findVersions', 'readFunctions'],
    ...['removeVersions', 'unmarkLatest'],
  ],
  ReleaseLease: ['registry', 'endDeployments'],
  Sweep: [
    ...['registry', 'listModels', 'listVersions', 'findDeployments', 'endDeployments'],
    ...['listArtifacts', ...LOOK_AT_EXECUTIONS, 'startExecutions', 'sweepDeadLetters', 'fence'],
    ...REMOVE_ROUTE,
    ...['listFunctions', 'readFunctions', 'invokeFunctions', 'readModelLog'],
    ...['removeVersions', 'unmarkLatest', 'removeImages', 'settleStage'],
  ],
  PublishEvents: ['outbox', 'stream', 'bus'],
  Authorize: ['keys'],
};

const MAKE = ['readContainers', 'readRules', 'makeContainers', 'scaleContainers', 'stopContainers'];
const MAKE_SERVICES = ['readServices', 'makeServices', 'stopServices'];
const MAKE_HOSTED = ['readHostedServices', 'makeHostedServices', 'stopHostedServices', 'makeHosts'];
const READ = ['readContainers', 'readServices', 'readHostedServices'];
const STOP = ['stopContainers', 'stopServices', 'stopHostedServices', 'removeContainers'];
const LOOK = [...READ, 'readHealth', 'readTasks'];
// When a model has moved to another kind of target, its resources on the old one are removed once they get no more requests.
const CLEAR = ['removeAliases', 'readMetrics'];

/** A function's additional grants when the stack has containers. */
const WITH_CONTAINERS = {
  ProvisionFargate: [...MAKE, ...MAKE_SERVICES],
  ProvisionEc2: [...MAKE, ...MAKE_HOSTED],
  RestartVersion: [...MAKE, ...MAKE_SERVICES, ...MAKE_HOSTED],
  DescribeCandidate: LOOK,
  CheckHealth: ['probeContainers'],
  ShiftTraffic: ['readGroups', 'readRules', 'setWeights', 'removeRules', ...CLEAR],
  VerifyTraffic: ['readTags', 'readRules', 'readHealth', 'readMetrics', 'probeContainers'],
  JudgeBake: ['readGroups', 'probeContainers'],
  CommitDeployment: READ,
  RetirePrevious: [...READ, 'readRules', ...STOP, ...CLEAR],
  RollBack: [
    ...['readGroups', 'readRules', 'readHealth', 'setWeights', 'removeRules', 'readMetrics'],
    'probeContainers',
  ],
  Compensate: [...READ, 'readRules', 'setWeights', ...STOP, ...CLEAR],
  RemoveRoute: [...READ, 'readRules', 'removeRules'],
  RetireAll: [...READ, 'readRules', ...STOP, 'removeClusters', 'listContainers'],
  Sweep: [...LOOK, 'readRules', 'listContainers', ...STOP, 'probeContainers'],
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
    const own = policy('step', [
      ...forStage([ownLog(name)], stage),
      TRACING,
      ...statements(grants),
    ]);
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

function policy(PolicyName, statements) {
  return { PolicyName, PolicyDocument: { Version: '2012-10-17', Statement: merged(statements) } };
}

function ifContainers(statements) {
  return { 'Fn::If': ['HasContainers', policy('containers', statements), { Ref: 'AWS::NoValue' }] };
}

function ownLog(name) {
  const group = `log-group:/aws/lambda/slipway-STAGE-${name[0].toLowerCase()}${name.slice(1)}:*`;
  return allow('logs:CreateLogStream PutLogEvents', arn('logs', group));
}

/** Replaces `STAGE` by the stage's name, and lets CloudFormation resolve references. */
function forStage(statements, stage) {
  const inStage = (_, value) => {
    if (typeof value !== 'string') return value;
    const text = value.replace('STAGE', stage);
    return text.includes('$') ? { 'Fn::Sub': text } : text;
  };
  return JSON.parse(JSON.stringify(statements), inStage);
}

'use strict';

const { GRANTS, allow, arn } = require('./grants.cjs');

/** The grants of each function, by the name of its state; the sweep, publishEvents and authorize have none. */
const ROLES = {
  AdmitDeployment: ['registry', 'readArtifacts', 'findNewest', 'listArtifacts', 'lookAtExecutions'],
  AcquireLease: ['registry', 'endDeployments', 'lookAtExecutions'],
  InspectArtifact: ['registry', 'readArtifacts'],
  PlanBuild: ['registry', 'listVersions', 'grantArtifacts'],
  ExplainBuild: ['registry', 'readBuildLog'],
  ChooseTarget: ['registry'],
  ProvisionLambda: ['registry', 'findVersions', 'readFunctions', 'makeFunctions'],
  DescribeCandidate: [
    'registry',
    'findVersions',
    'readFunctions',
    'publishVersions',
    'invokeFunctions',
    'readModelLog',
  ],
  CheckHealth: ['registry', 'findVersions', 'invokeFunctions'],
  ShiftTraffic: [
    'registry',
    'findVersions',
    'readShares',
    'setShares',
    'apiLease',
    'readStage',
    'makeRoutes',
  ],
  VerifyTraffic: ['registry', 'findVersions', 'readShares', 'readStage', 'invokeFunctions'],
  JudgeBake: ['registry', 'findVersions', 'invokeFunctions', 'readMetrics'],
  CommitDeployment: ['registry'],
  RetirePrevious: [
    'registry',
    'listVersions',
    'findVersions',
    'readShares',
    'readFunctions',
    'removeVersions',
  ],
  RollBack: [
    'registry',
    'findVersions',
    'readShares',
    'setShares',
    'invokeFunctions',
    'apiLease',
    'readStage',
    'makeRoutes',
    'removeRoutes',
  ],
  Compensate: [
    'registry',
    'findVersions',
    'readShares',
    'readFunctions',
    'removeVersions',
    'unmarkLatest',
  ],
  ReleaseLease: ['registry', 'endDeployments'],
  Sweep: [
    'registry',
    'findDeployments',
    'endDeployments',
    'listArtifacts',
    'lookAtExecutions',
    'startExecutions',
    'sweepDeadLetters',
  ],
  PublishEvents: ['outbox', 'stream', 'bus'],
  Authorize: ['keys'],
};

/** A role for each function, `<Name>Role`: its own log streams, and its grants. */
module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  const roles = Object.entries(ROLES).map(([name, grants]) => {
    const statements = [ownLog(name), ...grants.flatMap((grant) => GRANTS[grant])];
    return [`${name}Role`, role(statements.map((statement) => forStage(statement, stage)))];
  });
  return { Resources: Object.fromEntries(roles) };
};

function role(statements) {
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
      Policies: [
        { PolicyName: 'step', PolicyDocument: { Version: '2012-10-17', Statement: statements } },
      ],
    },
  };
}

function ownLog(name) {
  const group = `log-group:/aws/lambda/slipway-STAGE-${name[0].toLowerCase()}${name.slice(1)}:*`;
  return allow('logs:CreateLogStream PutLogEvents', arn('logs', group));
}

function forStage(statement, stage) {
  const inStage = (text) => text.replace('STAGE', stage);
  const resource = (text) => (text === '*' ? text : { 'Fn::Sub': inStage(text) });
  return { ...statement, Resource: statement.Resource.map(resource) };
}

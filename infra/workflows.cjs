'use strict';

const { TRACING, allow, arn } = require('./grants.cjs');

const FILES = ['deploy', 'rollback', 'undeploy'];

/** A state machine for each workflow of statemachines/, with its log and its role; what a definition names is what its role may start. */
module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  return { Resources: Object.assign({}, ...FILES.map((file) => resourcesOf(file, stage))) };
};

function resourcesOf(file, stage) {
  // As text: a template may hold no null, and in ASL `"ResultPath": null` is what throws a result away.
  // https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
  const asl = JSON.stringify(require(`../statemachines/${file}.asl.json`));
  // The one machine reads the same file, and AWS has other partitions than `aws`.
  const definition = asl.replaceAll('"arn:aws:states:::', `"arn:\${Partition}:states:::`);
  const named = new Set(Array.from(definition.matchAll(/\$\{(\w+)\}/g), ([, name]) => name));
  const id = `${file[0].toUpperCase()}${file.slice(1)}Workflow`;
  const name = `slipway-${stage}-${file}`;
  return {
    [id]: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        StateMachineName: name,
        StateMachineType: 'STANDARD',
        RoleArn: attribute(`${id}Role`, 'Arn'),
        DefinitionString: definition,
        DefinitionSubstitutions: Object.fromEntries([...named].map((each) => [each, value(each)])),
        TracingConfiguration: { Enabled: true },
        LoggingConfiguration: {
          Level: 'ERROR',
          // The data of a failed build has the signed URL of its artifact; the execution's history keeps it for those who may see that.
          IncludeExecutionData: false,
          Destinations: [
            { CloudWatchLogsLogGroup: { LogGroupArn: attribute(`${id}LogGroup`, 'Arn') } },
          ],
        },
      },
    },
    [`${id}LogGroup`]: {
      Type: 'AWS::Logs::LogGroup',
      Properties: {
        // Step Functions shortens its policy on log groups of this prefix instead of outgrowing the policy's limit.
        // https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
        LogGroupName: `/aws/vendedlogs/states/${name}`,
        RetentionInDays: 30,
      },
    },
    [`${id}Role`]: role(file, [...named]),
  };
}

function role(file, named) {
  const functions = named.filter((name) => name.endsWith('Function')).map(value);
  const projects = named.filter((name) => name.endsWith('Project'));
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'states.amazonaws.com' },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
      Policies: [
        {
          PolicyName: file,
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: functions },
              ...(projects.length > 0 ? build(projects) : []),
              LOG_DELIVERY,
              TRACING,
            ],
          },
        },
      ],
    },
  };
}

// What `.sync` needs: to follow the build by a rule that Step Functions keeps in the account.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
function build(projects) {
  return [
    inAccount(
      'codebuild:StartBuild StopBuild BatchGetBuilds',
      ...projects.map((name) => arn('codebuild', `project/\${${name}}`)),
    ),
    inAccount(
      'events:PutTargets PutRule DescribeRule',
      arn('events', 'rule/StepFunctionsGetEventForCodeBuildStartBuildRule'),
    ),
  ];
}

// Log delivery knows no resources. https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
const LOG_DELIVERY = allow(
  'logs:CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery ListLogDeliveries PutResourcePolicy DescribeResourcePolicies DescribeLogGroups',
  '*',
);

function inAccount(actions, ...resources) {
  return allow(actions, ...resources.map((resource) => ({ 'Fn::Sub': resource })));
}

/** `AcquireLeaseFunction` is our function acquireLease, `ImageProject` the project itself. */
function value(name) {
  if (name === 'Partition') return { Ref: 'AWS::Partition' };
  if (!name.endsWith('Function')) return { Ref: name };
  return attribute(name.replace(/Function$/, 'LambdaFunction'), 'Arn');
}

function attribute(id, name) {
  return { 'Fn::GetAtt': [id, name] };
}

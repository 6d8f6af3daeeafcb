'use strict';

const { TRACING, allow, arn } = require('./grants.cjs');

// There only where the stack builds Dockerfiles.
/** @type {Readonly<Record<string, string>>} */
const ON_REQUEST = { OwnImageProject: 'BuildsDockerfiles' };

const FILES = ['deploy', 'promote', 'rollback', 'undeploy'];

/**
 * A state machine for each workflow of statemachines/, with its log and its role; the role may start only the resources that the definition names.
 * @param {import('./osls').Variables} variables
 */
module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  const { STEPS } = await import('../src/compose/steps.ts');
  /** @type {Readonly<Record<string, { readonly timeoutSeconds: number }>>} */
  const steps = STEPS;
  const timeoutOf = (/** @type {string} */ name) => {
    const step = steps[name];
    if (!step)
      throw new Error(`the workflow names ${name}, which is no step of src/compose/steps.ts`);
    return step.timeoutSeconds;
  };
  const workflows = FILES.map((file) =>
    resourcesOf(file, stage, inLambda(require(`../statemachines/${file}.asl.json`), timeoutOf)),
  );
  return { Resources: Object.assign({}, ...workflows) };
};

// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const LAMBDA_MOST_SECONDS = 900;
const SPARE_SECONDS = 10;

/**
 * The workflow with the timeouts that its steps have as functions. On one machine, a step may wait for its turn within its state for longer than any function lives; here it has its turn at once.
 * A state waits a little longer than its function may take, so that a reply that was lost is noticed then and not hours later.
 * @param {import('./osls').Workflow} workflow
 * @param {(name: string) => number} timeoutOf in seconds
 */
function inLambda(workflow, timeoutOf) {
  const states = Object.entries(workflow.States).map(([name, state]) => {
    const { TimeoutSeconds = 0, Resource = '' } = state;
    const isLong = TimeoutSeconds > LAMBDA_MOST_SECONDS;
    if (!isLong || !Resource.endsWith(':lambda:invoke')) return [name, state];
    return [name, { ...state, TimeoutSeconds: timeoutOf(name) + SPARE_SECONDS }];
  });
  return { ...workflow, States: Object.fromEntries(states) };
}

/**
 * @param {string} file
 * @param {string} stage
 * @param {object} workflow
 */
function resourcesOf(file, stage, workflow) {
  // The definition is a string: a template cannot hold null, and ASL needs `"ResultPath": null` to discard a result.
  // https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
  const asl = JSON.stringify(workflow);
  // The local engine reads the same file, and AWS has partitions other than `aws`.
  const definition = asl.replaceAll('"arn:aws:states:::', `"arn:\${Partition}:states:::`);
  const named = new Set(Array.from(definition.matchAll(/\$\{(\w+)\}/g), ([, name = '']) => name));
  const id = `${file.charAt(0).toUpperCase()}${file.slice(1)}Workflow`;
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
          // A failed build's data is long; it stays in the execution's history.
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
        // For log groups with this prefix, Step Functions keeps its resource policy short instead of exceeding the policy's size limit.
        // https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
        LogGroupName: `/aws/vendedlogs/states/${name}`,
        RetentionInDays: 30,
      },
    },
    [`${id}Role`]: role(file, [...named]),
  };
}

/**
 * @param {string} file
 * @param {readonly string[]} named the resources that the definition names
 */
function role(file, named) {
  const functions = named.filter((name) => name.endsWith('Function')).map(value);
  const projects = named.filter((name) => name.endsWith('Project') && !ON_REQUEST[name]);
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
        ...named.flatMap(onRequest),
      ],
    },
  };
}

/**
 * The policy for a project that not every stack has.
 * @param {string} name
 */
function onRequest(name) {
  const condition = ON_REQUEST[name];
  if (!condition) return [];
  const PolicyDocument = { Version: '2012-10-17', Statement: [start([name])] };
  const policy = { PolicyName: name, PolicyDocument };
  return [{ 'Fn::If': [condition, policy, { Ref: 'AWS::NoValue' }] }];
}

// Permissions for `.sync`: Step Functions follows the build through a managed EventBridge rule in the account.
// https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
/** @param {readonly string[]} projects */
function build(projects) {
  return [
    start(projects),
    inAccount(
      'events:PutTargets PutRule DescribeRule',
      arn('events', 'rule/StepFunctionsGetEventForCodeBuildStartBuildRule'),
    ),
  ];
}

/** @param {readonly string[]} projects */
function start(projects) {
  return inAccount(
    'codebuild:StartBuild StopBuild BatchGetBuilds',
    ...projects.map((name) => arn('codebuild', `project/\${${name}}`)),
  );
}

// Log delivery actions do not support resource-level permissions. https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
const LOG_DELIVERY = allow(
  'logs:CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery ListLogDeliveries PutResourcePolicy DescribeResourcePolicies DescribeLogGroups',
  '*',
);

/**
 * @param {string} actions
 * @param {readonly string[]} resources
 */
function inAccount(actions, ...resources) {
  return allow(actions, ...resources.map((resource) => ({ 'Fn::Sub': resource })));
}

/**
 * `AcquireLeaseFunction` stands for our function acquireLease, `ImageProject` for the project itself.
 * @param {string} name
 */
function value(name) {
  if (name === 'Partition') return { Ref: 'AWS::Partition' };
  const condition = ON_REQUEST[name];
  // PlanBuild refuses a build that would need it.
  if (condition) return { 'Fn::If': [condition, { Ref: name }, 'none'] };
  if (!name.endsWith('Function')) return { Ref: name };
  return attribute(name.replace(/Function$/, 'LambdaFunction'), 'Arn');
}

/**
 * @param {string} id
 * @param {string} name
 */
function attribute(id, name) {
  return { 'Fn::GetAtt': [id, name] };
}

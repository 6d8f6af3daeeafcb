'use strict';

const { CONTAINER_GRANTS } = require('./container-grants.cjs');
const { GRANTS, TRACING, allow, arn } = require('./grants.cjs');
const { merged } = require('./merged.cjs');

/** @typedef {import('./osls').Statement} Statement */
/** @typedef {import('./osls').Policy} Policy */

/** @type {Readonly<Record<string, readonly Statement[]>>} */
const ALL = { ...GRANTS, ...CONTAINER_GRANTS };

/**
 * A role for each function, `<Name>Role`: its own log streams, and its grants by src/compose/steps.ts and src/compose/rights.ts.
 * @param {import('./osls').Variables} variables
 */
module.exports = async ({ resolveVariable }) => {
  const stage = await resolveVariable('sls:stage');
  const { BESIDE } = await import('../src/compose/rights.ts');
  const { STEPS } = await import('../src/compose/steps.ts');
  /** @param {readonly string[]} grants */
  const statements = (grants) => forStage(grants.flatMap(granted), stage);
  /** @type {Readonly<Record<string, import('../src/compose/rights.ts').Rights>>} */
  const rights = { ...STEPS, ...BESIDE };
  const functions = Object.entries(rights);
  const roles = functions.map(([name, { grants, containerGrants }]) => {
    const own = policy('step', [
      ...forStage([ownLog(name)], stage),
      TRACING,
      ...statements(grants),
    ]);
    const besides = containerGrants ? [ifContainers(statements(containerGrants))] : [];
    return [`${name}Role`, role([own, ...besides])];
  });
  return { Resources: Object.fromEntries(roles) };
};

/**
 * The statements of the grants that `words` names.
 * @param {string} words
 */
function granted(words) {
  return words.split(' ').flatMap((name) => {
    const statements = ALL[name];
    if (!statements) throw new Error(`there is no grant ${name} in infra/grants.cjs`);
    return statements;
  });
}

/** @param {readonly Policy[]} policies */
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

/**
 * @param {string} PolicyName
 * @param {readonly Statement[]} statements
 * @returns {Policy}
 */
function policy(PolicyName, statements) {
  return { PolicyName, PolicyDocument: { Version: '2012-10-17', Statement: merged(statements) } };
}

/**
 * @param {readonly Statement[]} statements
 * @returns {Policy}
 */
function ifContainers(statements) {
  return { 'Fn::If': ['HasContainers', policy('containers', statements), { Ref: 'AWS::NoValue' }] };
}

/** @param {string} name */
function ownLog(name) {
  const group = `log-group:/aws/lambda/slipway-STAGE-${name.charAt(0).toLowerCase()}${name.slice(1)}:*`;
  return allow('logs:CreateLogStream PutLogEvents', arn('logs', group));
}

/**
 * Replaces `STAGE` by the stage's name, and lets CloudFormation resolve references.
 * @param {readonly Statement[]} statements
 * @param {string} stage
 * @returns {readonly Statement[]}
 */
function forStage(statements, stage) {
  /**
   * @param {string} _
   * @param {unknown} value
   */
  const inStage = (_, value) => {
    if (typeof value !== 'string') return value;
    const text = value.replace('STAGE', stage);
    return text.includes('$') ? { 'Fn::Sub': text } : text;
  };
  return JSON.parse(JSON.stringify(statements), inStage);
}
